import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Exchanges records with a broker through Apache Kafka's own client: produce BROKER TOPIC CODEC, lines on standard
 * input; consume BROKER TOPIC:COUNT..., lines on standard output. Lines as in scripts/compat/records.mjs.
 */
public final class RecordExchange {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("produce")) produce(arguments[1], arguments[2], arguments[3]);
    else consume(arguments[1], List.of(arguments).subList(2, arguments.length));
  }

  private static void produce(String broker, String topic, String codec) throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", broker, "compression.type", codec, "linger.ms", 20);
    try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        var lines = new BufferedReader(new InputStreamReader(System.in))) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode node = JSON.readTree(line);
        var record = new ProducerRecord<>(topic, 0, decode(node.get("k")), decode(node.get("v")));
        for (JsonNode header : node.get("h")) record.headers().add(header.get(0).asText(), decode(header.get(1)));
        sent.add(producer.send(record));
      }
      for (int index = 0; index < sent.size(); index++) {
        long offset = sent.get(index).get().offset();
        if (offset != index) throw new IllegalStateException("record " + index + " has offset " + offset);
      }
    }
  }

  private static void consume(String broker, List<String> wanted) {
    PrintStream out = new PrintStream(System.out, false);
    Map<String, Object> config = Map.of("bootstrap.servers", broker, "auto.offset.reset", "none");
    try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      for (String entry : wanted) {
        int colon = entry.lastIndexOf(':');
        TopicPartition partition = new TopicPartition(entry.substring(0, colon), 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        read(consumer, Integer.parseInt(entry.substring(colon + 1)), out);
      }
    }
    out.flush();
  }

  private static void read(KafkaConsumer<byte[], byte[]> consumer, int count, PrintStream out) {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    for (int seen = 0; seen < count; ) {
      if (System.nanoTime() > deadline) throw new IllegalStateException("only " + seen + " of " + count + " records");
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
        out.println(line(record));
        seen++;
      }
    }
  }

  private static String line(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode node = JSON.createObjectNode().put("t", record.topic());
    node.put("k", encode(record.key())).put("v", encode(record.value()));
    ArrayNode headers = node.putArray("h");
    for (Header header : record.headers()) headers.addArray().add(header.key()).add(encode(header.value()));
    return node.toString();
  }

  private static byte[] decode(JsonNode node) {
    return node.isNull() ? null : Base64.getDecoder().decode(node.asText());
  }

  private static String encode(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }
}
