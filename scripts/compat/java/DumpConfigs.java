import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;

/**
 * Prints what Apache Kafka itself says about its broker and topic configurations, one JSON row each:
 * set, name, type, default, legal values, how it can be changed at run time, synonyms.
 * The table in test/config is its output; see docs/COMPATIBILITY.md for the command.
 */
public final class DumpConfigs {
  public static void main(String[] arguments) {
    Map<String, String> updates = org.apache.kafka.server.config.DynamicBrokerConfig.dynamicConfigUpdateModes();
    print("broker", kafka.server.KafkaConfig.configDef(), updates);
    Map<String, String> synonyms = new HashMap<>();
    org.apache.kafka.server.config.ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.forEach((name, list) -> {
      StringBuilder text = new StringBuilder();
      list.forEach(synonym -> text.append(text.length() == 0 ? "" : " ").append(synonym.name()));
      synonyms.put(name, text.toString());
    });
    print("topic", org.apache.kafka.storage.internals.log.LogConfig.configDefCopy(), synonyms);
  }

  private static void print(String set, ConfigDef definitions, Map<String, String> extra) {
    for (ConfigDef.ConfigKey key : new TreeMap<>(definitions.configKeys()).values()) {
      if (key.internalConfig) continue;
      String value = key.hasDefault() ? quote(ConfigDef.convertToString(key.defaultValue, key.type)) : "\"<none>\"";
      System.out.printf("[%s, %s, %s, %s, %s, %s]%n", quote(set), quote(key.name), quote(key.type), value,
          quote(key.validator), quote(extra.get(key.name)));
    }
  }

  private static String quote(Object value) {
    if (value == null) return "null";
    return "\"" + value.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
