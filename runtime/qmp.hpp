// What QEMU says on a monitor and is told there, in the words of its machine
// protocol: an object of JSON in each line.
//
// Numbers go up to 2^64 - 1, so none is ever a double on its way: where a whole
// number is wanted, one that is written otherwise counts as absent.
#pragma once

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "store/result.hpp"

namespace ppn::runtime {

/// Its objects are trees: whoever sends a million names costs no quadratic
/// time, as with those that keep their order.
using QmpJson = nlohmann::json;

/// All that 7.2 understands is a line of 207,009 bytes.
inline constexpr std::size_t qmp_line_max = std::size_t{16} << 20U;
inline constexpr std::size_t qmp_depth_max = 128;
/// Each takes some twenty times the memory of its text.
inline constexpr std::size_t qmp_values_max = std::size_t{1} << 20U;

/// The first that comes on a connection.
struct QmpGreeting {
  std::array<std::uint64_t, 3> version{};
  std::string package;
};

struct QmpReply {
  /// Nothing if it is none that a client here gives.
  std::optional<std::uint64_t> id;
  QmpJson value;
};

struct QmpFailure {
  /// Nothing also if QEMU did not get as far as to read it.
  std::optional<std::uint64_t> id;
  /// By that alone failures are told apart.
  std::string error_class;
  /// For people; short and printable.
  std::string description;
};

struct QmpEvent {
  std::string name;
  /// Null if there is none.
  QmpJson data;
  /// By the clock of the host; nothing if QEMU could not read it.
  std::optional<std::int64_t> utc_ns;
};

using QmpMessage = std::variant<QmpGreeting, QmpReply, QmpFailure, QmpEvent>;

/// Makes messages of what comes, in pieces of any size.
class QmpReader {
 public:
  /// To be followed by next() until nothing is left.
  void feed(std::string_view bytes);

  /// Nothing before more comes. bad_input if it is no message, oversized if a
  /// line is longer than qmp_line_max: then the connection is of no more use,
  /// and the error is all that there is to read from it.
  store::Result<std::optional<QmpMessage>> next();

 private:
  store::Result<QmpMessage> take_line(std::size_t end);
  void forget_line(std::size_t end);

  std::string buffer_;
  /// Where the first line begins.
  std::size_t begin_ = 0;
  /// No line ends before that.
  std::size_t searched_ = 0;
  std::optional<store::Error> error_;
};

/// The message of one line. bad_input, oversized.
store::Result<QmpMessage> parse_qmp_message(std::string_view line);

struct QmpCommand {
  std::string name;
  /// An object, or null.
  QmpJson arguments = {};
};

/// With the end of its line.
std::string qmp_line(const QmpCommand& command, std::uint64_t id);

// What a value from outside has under a name, if it is an object at all.

/// Null if there is none.
const QmpJson* qmp_member(const QmpJson& object, const char* name);
/// Empty if there is none.
std::string qmp_text(const QmpJson& object, const char* name);
/// False if there is none.
bool qmp_flag(const QmpJson& object, const char* name);
/// Nothing if it is below zero, or has a fraction or an exponent.
std::optional<std::uint64_t> qmp_number(const QmpJson& object,
                                        const char* name);

}  // namespace ppn::runtime
