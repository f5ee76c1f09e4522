#include "tools/ppn-ledger/field_reader.hpp"

#include <fmt/format.h>

#include "store/base64.hpp"

namespace ppn::tools {

namespace {

constexpr std::size_t max_proof_hashes = 64 + 64;

}  // namespace

std::string FieldReader::text(const char* name) {
  const auto* field = find(name);
  if (field != nullptr && field->is_string()) return *field;
  miss(name, "text");
  return {};
}

std::uint64_t FieldReader::number(const char* name) {
  const auto* field = find(name);
  if (field != nullptr && field->is_number_unsigned()) return *field;
  miss(name, "a number of 0 or more");
  return 0;
}

Bytes FieldReader::bytes(const char* name) {
  auto decoded = store::from_base64(text(name));
  if (!decoded) miss(name, "base64");
  return decoded.value_or(Bytes{});
}

Hash FieldReader::hash(const char* name) {
  auto decoded = store::fixed_from_base64<Hash>(text(name));
  if (!decoded) miss(name, "base64 of 32 bytes");
  return decoded.value_or(Hash{});
}

store::Proof FieldReader::hashes(const char* name) {
  return list_of_hashes(name, store::fixed_from_base64<Hash>);
}

store::Proof FieldReader::hex_hashes(const char* name) {
  return list_of_hashes(name, Hash::parse_hex);
}

bool FieldReader::has(const char* name) {
  const auto* field = find(name);
  return field != nullptr && !field->is_null();
}

template <class Decode>
store::Proof FieldReader::list_of_hashes(const char* name, Decode decode) {
  store::Proof proof;
  const auto* field = find(name);
  if (field == nullptr || !field->is_array() ||
      field->size() > max_proof_hashes) {
    miss(name, "a list of hashes");
    return proof;
  }
  for (const auto& item : *field) {
    auto hash = item.is_string() ? decode(item.get<std::string>())
                                 : std::nullopt;
    if (!hash) miss(name, "a list of hashes");
    proof.push_back(hash.value_or(Hash{}));
  }
  return proof;
}

const schema::Json* FieldReader::find(const char* name) {
  auto field = json_.find(name);
  return field == json_.end() ? nullptr : &*field;
}

void FieldReader::miss(const char* name, const std::string& wanted) {
  if (problem_.empty())
    problem_ = fmt::format("the field \"{}\" must be {}", name, wanted);
}

}  // namespace ppn::tools
