// What is said on a connection of the port `bulk`: one request, and what it is
// answered. Knows neither sockets nor actors.
//
//   request   0  "PPNB1\n"          answer   0  status
//             6  kind                        1  size of all of it
//             7  of what                     9  its bytes from the offset on
//            39  offset
//
// A kind and a status are a byte, an offset and a size eight, most significant
// byte first. Documents and images are asked for by their SHA-256; what a guest
// said, and its console, by its id with zeros behind it, and by the controller
// alone. After the answer the connection is closed; that of a console is the
// guest's serial port from there on, both ways.
#pragma once

#include <array>
#include <cstdint>

#include "schema/fixed_bytes.hpp"
#include "store/result.hpp"

namespace ppn::runtime {

enum class BulkKind : std::uint8_t {
  document = 1,
  image = 2,
  /// What a guest said on its serial console; no more than log_part_max of it.
  log = 3,
  console = 4
};

/// Whether it is of a guest.
constexpr bool is_of_guest(BulkKind kind) {
  return kind == BulkKind::log || kind == BulkKind::console;
}

/// For bytes from an offset on; a console has no such place.
struct BulkRequest {
  BulkKind kind = BulkKind::document;
  /// Of a document or an image.
  Hash hash;
  std::uint64_t offset = 0;
  /// The guest whose log or console it is.
  Id guest = {};

  bool operator==(const BulkRequest&) const = default;
};

enum class BulkStatus : std::uint8_t {
  here = 0,
  not_here = 1,
  /// Too many are being served, or somebody is at that console; ask again
  /// later.
  busy = 2,
  /// It is for the controller, or not even for that one.
  not_yours = 3
};

/// What stands before the bytes.
struct BulkAnswer {
  BulkStatus status = BulkStatus::not_here;
  /// Of all of it, wherever the request begins; 0 if it is not given, and of a
  /// console.
  std::uint64_t size = 0;

  bool operator==(const BulkAnswer&) const = default;
};

inline constexpr std::size_t bulk_request_bytes = 47;
inline constexpr std::size_t bulk_answer_bytes = 9;
/// As much as the control API gives at once.
inline constexpr std::uint64_t log_part_max = std::uint64_t{256} << 10U;

std::array<std::uint8_t, bulk_request_bytes> write_bulk_request(
    const BulkRequest& request);
std::array<std::uint8_t, bulk_answer_bytes> write_bulk_answer(
    const BulkAnswer& answer);

/// bad_input unless the bytes are one request, and nothing else.
store::Result<BulkRequest> read_bulk_request(ByteView bytes);
/// bad_input unless the bytes are one answer without what it gives.
store::Result<BulkAnswer> read_bulk_answer(ByteView bytes);

}  // namespace ppn::runtime
