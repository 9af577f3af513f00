import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Lets Apache Kafka's generated classes write messages. Runs from source:
 * java -cp 'libs/*' GoldenVectors.java vectors|errors
 *
 * vectors: reads lines {name, version, json}, writes lines {name, version, hex, echo}, where hex is what Kafka writes
 * for json at that version and echo is what Kafka reads back out of those bytes.
 * errors: writes lines {name, code, retriable}, the table of error codes.
 */
public final class GoldenVectors {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Map<String, Format> FORMATS = new HashMap<>();

    private record Format(Class<?> message, Method read, Method write) {
        static Format of(String name) throws ReflectiveOperationException {
            for (String candidate : new String[] {"message." + name + "Data", "message." + name, "metadata." + name}) {
                try {
                    Class<?> message = Class.forName("org.apache.kafka.common." + candidate);
                    Class<?> converter = Class.forName("org.apache.kafka.common." + candidate + "JsonConverter");
                    return new Format(
                        message,
                        converter.getMethod("read", JsonNode.class, short.class),
                        converter.getMethod("write", message, short.class, boolean.class));
                } catch (ClassNotFoundException next) {
                    continue;
                }
            }
            throw new ClassNotFoundException("No generated class for " + name);
        }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        if (arguments[0].equals("errors")) {
            errors(out);
        } else {
            vectors(out);
        }
        out.flush();
    }

    private static void errors(PrintStream out) {
        for (Errors error : Errors.values()) {
            ObjectNode row = MAPPER.createObjectNode();
            row.put("name", error.name());
            row.put("code", error.code());
            row.put("retriable", error.exception() instanceof RetriableException);
            out.println(row);
        }
    }

    private static void vectors(PrintStream out) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonNode question = MAPPER.readTree(line);
            String name = question.get("name").asText();
            short version = question.get("version").shortValue();
            if (!FORMATS.containsKey(name)) {
                FORMATS.put(name, Format.of(name));
            }
            ObjectNode answer = MAPPER.createObjectNode();
            answer.put("name", name);
            answer.put("version", version);
            answerTo(FORMATS.get(name), question.get("json"), version, answer);
            out.println(answer);
        }
    }

    private static void answerTo(Format format, JsonNode json, short version, ObjectNode answer) throws Exception {
        Message message = (Message) format.read().invoke(null, json, version);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer bytes = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(bytes), cache, version);
        answer.put("hex", HexFormat.of().formatHex(bytes.array()));
        bytes.flip();
        Message again = (Message) format.message().getDeclaredConstructor().newInstance();
        again.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining()) {
            throw new IllegalStateException(bytes.remaining() + " bytes left of " + json);
        }
        answer.set("echo", (JsonNode) format.write().invoke(null, again, version, true));
    }
}
