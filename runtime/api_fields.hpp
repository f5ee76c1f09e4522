// The fields of a JSON object from outside, each read once and then crossed
// off: what is left over was not understood.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ip.hpp"
#include "runtime/api_problem.hpp"
#include "schema/reflection_json.hpp"

namespace ppn::runtime {

/// Text from outside as it may be shown in a message.
std::string shown(std::string_view text);

/// JSON no deeper than any body of this API, and no name twice in an object.
/// bad_request.
Answer<schema::Json> read_json(std::string_view text);

class FieldReader {
 public:
  explicit FieldReader(const schema::Json& object) : left_(object) {}

  /// What is wrong first with what was read so far, or what is left over.
  std::optional<Problem> finish(std::string_view what);

  /// Null if it is absent.
  schema::Json take(const char* field);

  /// 1 to 256 bytes that look like what they are.
  std::string text(const char* field);
  /// The same of letters, digits and . _ : / @ + - alone: what stands in the
  /// middle of a sentence must not read as more of it.
  std::string name(const char* field);
  /// Empty if it is absent.
  std::string name_or_empty(const char* field);
  /// False if it is absent.
  bool flag(const char* field);
  /// Nothing if it is absent.
  std::optional<bool> flag_or_nothing(const char* field);
  std::optional<Id> id(const char* field, bool required);
  std::optional<PublicKey> key(const char* field);
  std::optional<Signature> signature(const char* field);
  std::optional<std::uint64_t> number(const char* field);
  /// Nothing if it is absent.
  std::optional<std::uint32_t> number_within(const char* field,
                                             std::uint32_t min,
                                             std::uint32_t max);
  std::optional<events::IpRange> range(const char* field, bool required);
  /// None if it is absent.
  std::vector<events::Endpoint> endpoints(const char* field);
  /// Nothing if it is absent.
  std::optional<events::IpAddress> address(const char* field);
  /// The same, and its port is 0 unless it is given.
  std::optional<events::Endpoint> address_and_port(const char* field);

  void complain(std::string what);

 private:
  schema::Json left_;
  std::string problem_;
};

}  // namespace ppn::runtime
