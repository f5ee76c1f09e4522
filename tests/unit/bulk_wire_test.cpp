// Requests for bulk and their answers, byte by byte.
#include "runtime/bulk_wire.hpp"

#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::BulkAnswer;
using runtime::BulkKind;
using runtime::BulkRequest;
using runtime::BulkStatus;
using runtime::read_bulk_answer;
using runtime::read_bulk_request;
using runtime::write_bulk_answer;
using runtime::write_bulk_request;
using store::ErrorCode;

namespace {

Hash some_hash() {
  Hash hash;
  hash.bytes.front() = 0xab;
  hash.bytes.back() = 0xcd;
  return hash;
}

Id some_guest() {
  Id guest;
  guest.bytes.front() = 0xab;
  guest.bytes.back() = 0xcd;
  return guest;
}

const std::string request_hex =
    "50504e42310a"
    "02"
    "ab" +
    std::string(60, '0') +
    "cd"
    "0102030405060708";
const std::string log_hex =
    "50504e42310a"
    "03"
    "ab" +
    std::string(28, '0') + "cd" + std::string(32, '0') + "0102030405060708";
const std::string console_hex =
    "50504e42310a"
    "04"
    "ab" +
    std::string(28, '0') + "cd" + std::string(48, '0');
constexpr const char* answer_hex = "000000000000010203";

}  // namespace

BOOST_AUTO_TEST_SUITE(bulk_wire)

BOOST_AUTO_TEST_CASE(a_request_has_its_bytes) {
  BulkRequest request{BulkKind::image, some_hash(), 0x0102030405060708};
  auto bytes = write_bulk_request(request);
  BOOST_TEST(to_hex(bytes) == request_hex);
  BOOST_TEST((must(read_bulk_request(bytes)) == request));
}

BOOST_AUTO_TEST_CASE(a_request_for_what_is_of_a_guest_has_its_bytes) {
  BulkRequest log{BulkKind::log, {}, 0x0102030405060708, some_guest()};
  BOOST_TEST(to_hex(write_bulk_request(log)) == log_hex);
  BOOST_TEST((must(read_bulk_request(bytes_of_hex(log_hex))) == log));
  BulkRequest console{BulkKind::console, {}, 0, some_guest()};
  BOOST_TEST(to_hex(write_bulk_request(console)) == console_hex);
  BOOST_TEST((must(read_bulk_request(bytes_of_hex(console_hex))) == console));
}

BOOST_AUTO_TEST_CASE(an_answer_has_its_bytes) {
  BulkAnswer answer{BulkStatus::here, 0x010203};
  auto bytes = write_bulk_answer(answer);
  BOOST_TEST(to_hex(bytes) == answer_hex);
  BOOST_TEST((must(read_bulk_answer(bytes)) == answer));
}

BOOST_AUTO_TEST_CASE(what_there_is_to_say_can_be_said) {
  for (auto kind : {BulkKind::document, BulkKind::image})
    for (std::uint64_t offset : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      BulkRequest request{kind, some_hash(), offset};
      BOOST_TEST(
          (must(read_bulk_request(write_bulk_request(request))) == request));
    }
  for (const auto& answer :
       {BulkAnswer{BulkStatus::here, 0}, BulkAnswer{BulkStatus::here, ~0ULL},
        BulkAnswer{BulkStatus::not_here}, BulkAnswer{BulkStatus::busy},
        BulkAnswer{BulkStatus::not_yours}})
    BOOST_TEST((must(read_bulk_answer(write_bulk_answer(answer))) == answer));
}

BOOST_AUTO_TEST_CASE(a_request_has_one_length) {
  auto bytes = bytes_of_hex(request_hex);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_TEST(is_error(read_bulk_request(ByteView{bytes}.first(size)),
                        ErrorCode::bad_input));
  bytes.push_back(0);
  BOOST_TEST(is_error(read_bulk_request(bytes), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_CASE(an_answer_has_one_length) {
  auto bytes = bytes_of_hex(answer_hex);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_TEST(is_error(read_bulk_answer(ByteView{bytes}.first(size)),
                        ErrorCode::bad_input));
  bytes.push_back(0);
  BOOST_TEST(is_error(read_bulk_answer(bytes), ErrorCode::bad_input));
}

/// All bits of a hash and an offset mean something.
BOOST_AUTO_TEST_CASE(each_bit_of_a_request_counts) {
  auto bytes = bytes_of_hex(request_hex);
  auto request = must(read_bulk_request(bytes));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto changed = read_bulk_request(with_bit_flipped(bytes, bit));
    if (bit < 7 * 8)
      BOOST_TEST(is_error(changed, ErrorCode::bad_input));
    else
      BOOST_TEST((must(changed) != request));
  }
}

/// What stands behind an id is nothing, and a console begins nowhere.
BOOST_AUTO_TEST_CASE(each_bit_of_a_request_for_a_guest_counts) {
  constexpr std::size_t id_at = 7;
  constexpr std::size_t id_end = id_at + Id::size;
  constexpr std::size_t offset_at = 39;
  for (const auto& hex : {log_hex, console_hex}) {
    auto bytes = bytes_of_hex(hex);
    auto request = must(read_bulk_request(bytes));
    for (std::size_t bit = id_at * 8; bit < bytes.size() * 8; ++bit) {
      auto changed = read_bulk_request(with_bit_flipped(bytes, bit));
      bool is_free = bit < id_end * 8 ||
                     (bit >= offset_at * 8 && request.kind == BulkKind::log);
      if (is_free)
        BOOST_TEST((must(changed) != request));
      else
        BOOST_TEST(is_error(changed, ErrorCode::bad_input));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_kind_or_status_is_refused) {
  auto request = bytes_of_hex(console_hex);
  auto answer = bytes_of_hex("000000000000000000");
  for (int value = 0; value < 256; ++value) {
    request[6] = static_cast<std::uint8_t>(value);
    BOOST_TEST(read_bulk_request(request).ok() == (value >= 1 && value <= 4));
    answer[0] = static_cast<std::uint8_t>(value);
    BOOST_TEST(read_bulk_answer(answer).ok() == (value <= 3));
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_given_has_no_size) {
  for (const auto* hex :
       {"010000000000000001", "020100000000000000", "030000000000000001"})
    BOOST_TEST(
        is_error(read_bulk_answer(bytes_of_hex(hex)), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
