// Apache Kafka's own classes as the judge of record batches. One JSON object a line.
//
//   emit            writes batches with the records that they hold
//   read            {"hex"} on standard input: the records that Kafka finds in it, or {"error"}
//   verdict         {"hex", "topic": {...}} on standard input: the error code with which a 4.3.1 log refuses it, 0 if it does not
//
// Run by scripts/oracle-records.mjs; the class path is Apache Kafka's libs directory.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.*;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

public class RecordsOracle {
  static final ObjectMapper JSON = new ObjectMapper();
  static final HexFormat HEX = HexFormat.of();
  static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false);

  public static void main(String[] arguments) throws Exception {
    // Kafka logs to standard output, which is for answers.
    System.setOut(System.err);
    switch (arguments[0]) {
      case "emit" -> emit();
      case "read" -> eachLine(RecordsOracle::read);
      case "verdict" -> eachLine(new Judge()::verdict);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    OUT.flush();
    System.exit(0);
  }

  interface Answer {
    ObjectNode of(JsonNode question) throws Exception;
  }

  static void eachLine(Answer answer) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      OUT.println(answer.of(JSON.readTree(line)));
    }
  }

  // ---- emit

  static void emit() throws Exception {
    for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
      Compression compression = Compression.of(codec).build();
      print(codec + ": one record", builder(compression, b -> {}).buffer(one()));
      print(codec + ": nulls, headers, times out of order", builder(compression, b -> {}).buffer(varied()));
      print(codec + ": many blocks", builder(compression, b -> {}).buffer(text(1200)));
      print(codec + ": incompressible", builder(compression, b -> {}).buffer(random(3, 700)));
      print(codec + ": idempotent", builder(compression, b -> { b.producerId = 4711; b.epoch = 3; b.sequence = 99; }).buffer(one()));
    }
    Compression none = Compression.NONE;
    print("log append time", builder(none, b -> b.logAppendTime = 1_700_000_123_456L).buffer(varied()));
    print("transactional", builder(none, b -> { b.producerId = 5; b.epoch = 0; b.sequence = 0; b.transactional = true; }).buffer(one()));
    print("base offset and epoch", builder(none, b -> { b.baseOffset = 1L << 40; b.leaderEpoch = 17; }).buffer(varied()));
    print("no timestamps", builder(none, b -> {}).buffer(List.of(new SimpleRecord(-1, bytes("k"), bytes("v")))));
    print("commit marker", MemoryRecords.withEndTransactionMarker(12, 1_700_000_000_000L, 4, 77, (short) 2,
        new EndTransactionMarker(ControlRecordType.COMMIT, 9)).buffer());
    print("abort marker", MemoryRecords.withEndTransactionMarker(13, 1_700_000_000_000L, 4, 77, (short) 2,
        new EndTransactionMarker(ControlRecordType.ABORT, 10)).buffer());
    var voter = List.of(new LeaderChangeMessage.Voter().setVoterId(1));
    print("leader change", MemoryRecords.withLeaderChangeMessage(0, 1_700_000_000_000L, 1, ByteBuffer.allocate(256),
        new LeaderChangeMessage().setVersion((short) 0).setLeaderId(1).setVoters(voter).setGrantingVoters(voter)).buffer());
    print("gaps after compaction", gaps());
  }

  static class Fields {
    long baseOffset = 0, logAppendTime = -1, producerId = -1;
    short epoch = -1;
    int sequence = -1, leaderEpoch = -1;
    boolean transactional = false;
    Compression compression;

    ByteBuffer buffer(List<SimpleRecord> records) {
      TimestampType type = logAppendTime < 0 ? TimestampType.CREATE_TIME : TimestampType.LOG_APPEND_TIME;
      MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 20), (byte) 2, compression, type,
          baseOffset, logAppendTime, producerId, epoch, sequence, transactional, leaderEpoch);
      records.forEach(builder::append);
      return builder.build().buffer();
    }
  }

  static Fields builder(Compression compression, java.util.function.Consumer<Fields> set) {
    Fields fields = new Fields();
    fields.compression = compression;
    set.accept(fields);
    return fields;
  }

  static ByteBuffer gaps() {
    MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(4096), Compression.gzip().build(),
        TimestampType.CREATE_TIME, 100);
    builder.appendWithOffset(103, new SimpleRecord(1_700_000_000_000L, bytes("a"), bytes("1")));
    builder.appendWithOffset(110, new SimpleRecord(1_700_000_000_005L, bytes("b"), bytes("2")));
    builder.overrideLastOffset(120);
    return builder.build().buffer();
  }

  static byte[] bytes(String text) { return text.getBytes(StandardCharsets.UTF_8); }

  static List<SimpleRecord> one() {
    return List.of(new SimpleRecord(1_700_000_000_000L, bytes("key"), bytes("value")));
  }

  static List<SimpleRecord> varied() {
    Header[] headers = {new RecordHeader("trace", bytes("abc")), new RecordHeader("empty", new byte[0]),
        new RecordHeader("null", null), new RecordHeader("grüße", bytes("ü")), new RecordHeader("trace", bytes("twice"))};
    return List.of(
        new SimpleRecord(1_700_000_000_500L, bytes("k0"), bytes("v0")),
        new SimpleRecord(1_700_000_000_000L, null, bytes("no key")),
        new SimpleRecord(1_699_000_000_000L, bytes("tombstone"), null),
        new SimpleRecord(1_700_000_009_999L, new byte[0], new byte[0], headers),
        new SimpleRecord(1_700_000_000_001L, (byte[]) null, null, headers));
  }

  static List<SimpleRecord> text(int count) {
    Random random = new Random(1);
    List<SimpleRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String line = "{\"user\":\"u" + random.nextInt(40) + "\",\"path\":\"/a/path/that/repeats/" + random.nextInt(9) + "\",\"n\":" + i % 10 + "}";
      records.add(new SimpleRecord(1_700_000_000_000L + i, bytes("u" + i % 7), bytes(line)));
    }
    return records;
  }

  static List<SimpleRecord> random(int count, int size) {
    Random random = new Random(2);
    List<SimpleRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] value = new byte[size];
      random.nextBytes(value);
      records.add(new SimpleRecord(1_700_000_000_000L + i, null, value));
    }
    return records;
  }

  static void print(String name, ByteBuffer buffer) throws Exception {
    byte[] batch = new byte[buffer.remaining()];
    buffer.duplicate().get(batch);
    ObjectNode line = JSON.createObjectNode().put("name", name).put("hex", HEX.formatHex(batch));
    line.set("batches", describe(batch));
    OUT.println(line);
  }

  // ---- read

  static ObjectNode read(JsonNode question) {
    ObjectNode answer = JSON.createObjectNode();
    try {
      answer.set("batches", describe(HEX.parseHex(question.get("hex").asText())));
    } catch (Exception error) {
      answer.put("error", error.toString());
    }
    return answer;
  }

  static ArrayNode describe(byte[] bytes) {
    ArrayNode batches = JSON.createArrayNode();
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
      batch.ensureValid();
      ObjectNode node = batches.addObject();
      node.put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset());
      node.put("byteLength", batch.sizeInBytes()).put("partitionLeaderEpoch", batch.partitionLeaderEpoch());
      node.put("codec", batch.compressionType().id).put("timestampType", batch.timestampType().id);
      node.put("isTransactional", batch.isTransactional()).put("isControl", batch.isControlBatch());
      node.put("maxTimestamp", batch.maxTimestamp()).put("producerId", batch.producerId());
      node.put("producerEpoch", batch.producerEpoch()).put("baseSequence", batch.baseSequence());
      node.put("recordCount", batch.countOrNull());
      ArrayNode records = node.putArray("records");
      for (org.apache.kafka.common.record.internal.Record record : batch) {
        ObjectNode entry = records.addObject();
        entry.put("offset", record.offset()).put("timestamp", record.timestamp());
        entry.put("key", hex(record.key())).put("value", hex(record.value()));
        ArrayNode headers = entry.putArray("headers");
        for (Header header : record.headers()) {
          headers.addObject().put("key", header.key())
              .put("value", header.value() == null ? null : HEX.formatHex(header.value()));
        }
      }
    }
    return batches;
  }

  static String hex(ByteBuffer buffer) {
    if (buffer == null) return null;
    byte[] copy = new byte[buffer.remaining()];
    buffer.duplicate().get(copy);
    return HEX.formatHex(copy);
  }

  // ---- verdict

  static class Judge {
    final File directory = Files.createTempDirectory("records-oracle").toFile();
    final KafkaScheduler scheduler = new KafkaScheduler(1);
    int logs = 0;

    Judge() throws Exception {
      scheduler.startup();
    }

    ObjectNode verdict(JsonNode question) throws Exception {
      ObjectNode answer = JSON.createObjectNode();
      UnifiedLog log = open(question.path("topic"));
      try {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(HEX.parseHex(question.get("hex").asText())));
        ProduceRequest.validateRecords((short) 9, records);
        log.appendAsLeader(records, 0, AppendOrigin.CLIENT);
        answer.put("errorCode", 0).put("appended", log.logEndOffset());
      } catch (Throwable error) {
        answer.put("errorCode", Errors.forException(error).code()).put("message", String.valueOf(error.getMessage()));
        if (error instanceof RecordValidationException validation) {
          answer.put("errorCode", Errors.forException(validation.invalidException()).code());
          ArrayNode indexes = answer.putArray("recordErrors");
          validation.recordErrors().forEach(bad -> indexes.add(bad.batchIndex));
        }
      } finally {
        log.delete();
      }
      return answer;
    }

    UnifiedLog open(JsonNode topic) throws Exception {
      Properties properties = new Properties();
      topic.fields().forEachRemaining(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
      File log = new File(directory, "t-" + logs++);
      log.mkdir();
      return UnifiedLog.create(log, new LogConfig(properties), 0, 0, scheduler, new BrokerTopicStats(false), Time.SYSTEM,
          300_000, new ProducerStateManagerConfig(86_400_000, false), 600_000, new LogDirFailureChannel(1), true,
          Optional.empty());
    }
  }
}
