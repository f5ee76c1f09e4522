#include "runtime/bulk_wire.hpp"

#include <algorithm>
#include <string_view>

#include "store/byte_order.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;

namespace {

constexpr std::string_view magic = "PPNB1\n";
constexpr std::size_t kind_at = magic.size();
constexpr std::size_t name_at = kind_at + 1;
constexpr std::size_t offset_at = name_at + Hash::size;
constexpr std::size_t number_bytes = 8;
static_assert(offset_at + number_bytes == bulk_request_bytes);
static_assert(1 + number_bytes == bulk_answer_bytes);

bool is_known(BulkKind kind) {
  return kind == BulkKind::document || kind == BulkKind::image ||
         is_of_guest(kind);
}

/// What stands for what is asked for.
Hash name_of(const BulkRequest& request) {
  if (!is_of_guest(request.kind)) return request.hash;
  Hash name;
  std::copy(request.guest.bytes.begin(), request.guest.bytes.end(),
            name.bytes.begin());
  return name;
}

/// False if it can be no such thing's.
bool take_name(const Hash& name, BulkRequest& request) {
  if (is_of_guest(request.kind))
    request.guest = Id{ByteView{name.bytes}.first<Id::size>()};
  else
    request.hash = name;
  return name_of(request) == name;
}

}  // namespace

std::array<std::uint8_t, bulk_request_bytes> write_bulk_request(
    const BulkRequest& request) {
  std::array<std::uint8_t, bulk_request_bytes> bytes{};
  auto at = std::copy(magic.begin(), magic.end(), bytes.begin());
  *at++ = static_cast<std::uint8_t>(request.kind);
  auto name = name_of(request);
  at = std::copy(name.bytes.begin(), name.bytes.end(), at);
  auto offset = store::big_endian(request.offset);
  std::copy(offset.begin(), offset.end(), at);
  return bytes;
}

std::array<std::uint8_t, bulk_answer_bytes> write_bulk_answer(
    const BulkAnswer& answer) {
  std::array<std::uint8_t, bulk_answer_bytes> bytes{
      static_cast<std::uint8_t>(answer.status)};
  auto size = store::big_endian(answer.size);
  std::copy(size.begin(), size.end(), bytes.begin() + 1);
  return bytes;
}

store::Result<BulkRequest> read_bulk_request(ByteView bytes) {
  if (bytes.size() != bulk_request_bytes ||
      store::as_text(bytes.first(magic.size())) != magic)
    return Error{ErrorCode::bad_input, "this is no request for bulk"};
  BulkRequest request;
  request.kind = static_cast<BulkKind>(bytes[kind_at]);
  if (!is_known(request.kind))
    return Error{ErrorCode::bad_input,
                 "a request for bulk of an unknown kind: a newer version may "
                 "have written it"};
  if (!take_name(Hash{bytes.subspan<name_at, Hash::size>()}, request))
    return Error{ErrorCode::bad_input,
                 "a request for bulk names a guest by more than its id"};
  request.offset =
      store::from_big_endian(bytes.subspan(offset_at, number_bytes));
  if (request.kind == BulkKind::console && request.offset != 0)
    return Error{ErrorCode::bad_input,
                 "a request for a console begins in the midst of it"};
  return request;
}

store::Result<BulkAnswer> read_bulk_answer(ByteView bytes) {
  if (bytes.size() != bulk_answer_bytes ||
      bytes[0] > static_cast<std::uint8_t>(BulkStatus::not_yours))
    return Error{ErrorCode::bad_input, "this is no answer to a request"};
  BulkAnswer answer{static_cast<BulkStatus>(bytes[0]),
                    store::from_big_endian(bytes.subspan(1, number_bytes))};
  if (answer.status != BulkStatus::here && answer.size != 0)
    return Error{ErrorCode::bad_input,
                 "an answer says the size of what it does not give"};
  return answer;
}

}  // namespace ppn::runtime
