#include "store/ledger_view.hpp"

#include <algorithm>
#include <utility>

#include "store/byte_order.hpp"

namespace ppn::store {

namespace {

constexpr std::size_t number_size = 8;

Error damaged(std::string why) { return {ErrorCode::damaged, std::move(why)}; }

Bytes key_in_part(std::uint64_t part, std::string_view stream,
                  std::uint64_t version) {
  auto prefix = big_endian(part);
  auto name = as_bytes(stream);
  auto suffix = big_endian(version);
  Bytes key;
  key.reserve(prefix.size() + name.size() + 1 + suffix.size());
  key.insert(key.end(), prefix.begin(), prefix.end());
  key.insert(key.end(), name.begin(), name.end());
  key.push_back(0);
  key.insert(key.end(), suffix.begin(), suffix.end());
  return key;
}

}  // namespace

Bytes stream_key(std::uint64_t sequence, std::string_view stream,
                 std::uint64_t version) {
  return key_in_part(sequence / stream_index_entries, stream, version);
}

std::optional<StreamKey> parse_stream_key(ByteView key) {
  if (key.size() < 2 * number_size + 2) return std::nullopt;
  auto name = key.subspan(number_size, key.size() - 2 * number_size - 1);
  auto part = from_big_endian(key.first(number_size));
  constexpr auto part_max = ~std::uint64_t{0} / stream_index_entries;
  if (key[number_size + name.size()] != 0 || part > part_max)
    return std::nullopt;
  return StreamKey{part, as_text(name), from_big_endian(key.last(number_size))};
}

Status LedgerView::check_format() {
  auto format = transaction_.get(Table::meta, as_bytes(meta_format));
  if (!format) return format.error();
  auto text = as_text(*format);
  if (text == ledger_format) return {};
  if (text.starts_with("ppn-ledger "))
    return Error{ErrorCode::too_new, "the ledger is in format \"" +
                                         std::string{text} +
                                         "\", this program reads \"" +
                                         std::string{ledger_format} + "\""};
  return damaged("the ledger's format record is none");
}

Result<std::uint64_t> LedgerView::size() {
  auto last = transaction_.last(Table::entries);
  if (!last && last.error().code == ErrorCode::not_found)
    return std::uint64_t{0};
  if (!last) return last.error();
  auto size = last->key.size() == sizeof(std::uint64_t)
                  ? from_big_endian(last->key) + 1
                  : 0;
  if (size == 0) return damaged("the last key of the entries is no sequence");
  return size;
}

Result<std::string> LedgerView::checkpoint_note() {
  auto note = transaction_.get(Table::meta, as_bytes(meta_checkpoint));
  if (!note) return note.error();
  return std::string{as_text(*note)};
}

Result<ByteView> LedgerView::record(std::uint64_t sequence) {
  auto record = transaction_.get(Table::entries, big_endian(sequence));
  if (!record && record.error().code == ErrorCode::not_found)
    return Error{ErrorCode::not_found,
                 "there is no entry " + std::to_string(sequence)};
  return record;
}

Status LedgerView::scan_records(
    std::uint64_t from, const std::function<bool(const StoredRecord&)>& visit) {
  auto expected = from;
  bool dense = true;
  auto scanned = transaction_.scan(
      Table::entries, big_endian(from), [&](const KeyValue& pair) {
        dense = pair.key.size() == sizeof expected &&
                from_big_endian(pair.key) == expected;
        if (!dense) return false;
        return visit({expected++, pair.value});
      });
  if (!scanned) return scanned;
  if (!dense)
    return damaged("entry " + std::to_string(expected) + " is missing");
  return {};
}

Status LedgerView::scan_stream(
    std::string_view stream, std::uint64_t version,
    const std::function<bool(std::uint64_t)>& visit) {
  bool valid = true;
  // The part to look at, and the one to look at next, if there may be one.
  std::uint64_t here = 0;
  std::optional<std::uint64_t> next = 0;
  auto take = [&](const KeyValue& pair) {
    auto key = parse_stream_key(pair.key);
    // Where the order of the keys is damaged a search may go back.
    valid = key && key->part >= here;
    if (!valid) return false;
    if (key->part != here || key->stream != stream) {
      next = std::max(key->part, here + 1);
      return false;
    }
    valid = pair.value.size() == number_size;
    return valid && visit(from_big_endian(pair.value));
  };
  while (next) {
    here = *std::exchange(next, std::nullopt);
    auto from = key_in_part(here, stream, version);
    auto scanned = transaction_.scan(Table::streams, from, take);
    if (!scanned) return scanned;
  }
  if (!valid) return damaged("the index of streams is damaged");
  return {};
}

NodeReader LedgerView::nodes() {
  return [this](const NodeAddress& node) -> Result<Hash> {
    auto hashes = nodes_of(completing_leaf(node));
    if (!hashes) return hashes.error();
    auto offset = std::size_t{node.level} * Hash::size;
    if (hashes->size() < offset + Hash::size)
      return damaged("the tree lacks a node of level " +
                     std::to_string(node.level));
    return Hash{hashes->subspan(offset).first<Hash::size>()};
  };
}

Result<ByteView> LedgerView::nodes_of(std::uint64_t sequence) {
  return transaction_.get(Table::tree, big_endian(sequence));
}

}  // namespace ppn::store
