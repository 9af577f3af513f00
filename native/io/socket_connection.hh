// One connection of the socket layer: what it has received of a frame, what it
// still has to send, and when something last moved. Plain state; SocketLayer
// acts on it. Small, because thousands of idle ones are normal: no buffer
// belongs to a connection that is between frames.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "file.hh"
#include "unique_fd.hh"

namespace sluice {

// Output that waits: bytes of the shared arena (only until the next flush), bytes of its own, or a file region.
struct OutputItem {
  enum class Kind : uint8_t { kArena, kOwned, kRegion };
  Kind kind = Kind::kArena;
  // Arena: first byte there. Owned: bytes already sent. Region: next file position.
  uint64_t position = 0;
  // Bytes left.
  uint64_t length = 0;
  // Region: bytes promised.
  uint64_t promised = 0;
  std::unique_ptr<uint8_t[]> owned;
  FileRef file;
};

struct Connection {
  UniqueFd fd;
  int32_t id = 0;
  int32_t slot = 0;
  int32_t listener = 0;
  uint16_t remote_port = 0;
  std::string remote_address;

  // Edges seen and not yet used up.
  bool readable = false;
  bool hung_up = false;
  bool writable = true;
  bool peer_ended = false;
  bool producing = false;
  bool closing = false;
  // shutdown(2) was called; only the peer's end is awaited.
  bool lingering = false;
  bool in_read_queue = false;
  bool in_write_queue = false;
  bool in_touched = false;
  // TCP_CORK is set: what is sent leaves when it fills a segment, and with `push`.
  bool corked = false;

  // The frame being received: its length prefix, then its slab.
  uint8_t prefix[4] = {0, 0, 0, 0};
  uint8_t prefix_bytes = 0;
  int32_t slab = -1;
  uint32_t frame_bytes = 0;
  uint32_t received_bytes = 0;
  // Length of the last frame begun: how much to read at once.
  uint32_t last_frame_bytes = 0;
  // Length of the last frame that came whole: as much is allocated on a mere claim.
  uint32_t trusted_bytes = 0;

  std::vector<OutputItem> output;
  size_t output_head = 0;

  uint64_t activity_ms = 0;
  uint64_t header_ms = 0;
  uint64_t input_ms = 0;
  uint64_t output_ms = 0;

  bool output_empty() const { return output_head == output.size(); }
  bool front_is_region() const { return output[output_head].kind == OutputItem::Kind::kRegion; }
  bool region_follows() const {
    return output_head + 1 < output.size() && output[output_head + 1].kind == OutputItem::Kind::kRegion;
  }
};

}  // namespace sluice
