// What the socket layer and JavaScript both see: rows of events out, rows of
// commands in, and three facts about every connection slot. One zeroed block,
// paged in as it is touched; native code owns it, JavaScript has views on it.
//
// A connection's id is its slot and a generation; slots are reused oldest first,
// so an id comes again only after some sixteen million connections.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Why a connection is not read and its frames are not handed over: bits of `blocked`.
enum Blocked : uint8_t {
  // JavaScript said so, or holds frames that come first.
  kPaused = 1,
  kHeld = 2,
  // Too much output waits: set by JavaScript as it sends, cleared here as output drains.
  kOutputFull = 4,
  // To be closed by JavaScript's wish: what still arrives is dropped.
  kClosing = 8,
};

struct SocketState {
  static constexpr int kSlotBits = 17;
  static constexpr int32_t kSlots = 1 << kSlotBits;
  static constexpr int32_t kSlotMask = kSlots - 1;
  static constexpr int32_t kGenerations = 1 << (31 - kSlotBits);
  // Free slots below this number are not reused.
  static constexpr size_t kFreeSlotsMin = 1024;
  static constexpr size_t kRowInts = 5;
  static constexpr size_t kRows = 2048;
  static constexpr size_t kCommandInts = 6;
  static constexpr size_t kCommands = 1024;

  // Queued by JavaScript and not yet taken by the kernel.
  double output_bytes[kSlots];
  // The connection that has the slot; 0 when it is free.
  int32_t ids[kSlots];
  int32_t rows[kRows * kRowInts];
  int32_t commands[kCommands * kCommandInts];
  uint8_t blocked[kSlots];
};

// Rows: kind, connection, a, b, c.
enum class RowKind : int32_t {
  kFrame,         // slab, offset, length
  kOpen,          // listener
  kPeerEnd,       //
  kClose,         // reason, errno, claimed frame length
  kRegionFailed,  // errno, index for `regionFailure`
  kDrained,       // output has drained: held frames may be handed over
};

// In the order of CLOSE_REASONS in native-transport.ts.
enum class Reason : int32_t {
  kPeer, kLocal, kReset, kFrameTooLarge, kFrameInvalid, kHeaderDeadline, kBodyDeadline, kIdle, kRegionFailed,
  kOutputStalled
};

// Commands: op, connection, a, b, c, d.
enum class Command : int32_t {
  kBytes = 1,            // start and end in the output arena
  kRegion = 2,           // file handle, position (high, low), length
  kResume = 3,           // nothing blocks it any more
  kProducing = 4,        //
  kCloseAfterOutput = 5, //
  kCloseNow = 6,         //
};

}  // namespace sluice
