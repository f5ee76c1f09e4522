// Files that nodes exchange: what is read is told again, what is taken makes a
// mesh that follows from it, and an introduction names a node after its key.
// An input is the text of a file; where it is none, it is records, each behind
// its length as u16, which the target signs, since the fuzzer can not: with the
// test key, where the last byte of a record is odd.
#include "actors/mesh_file.hpp"
#include "actors/roster_record.hpp"
#include "store/byte_order.hpp"
#include "store/statements.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

std::vector<Bytes> signed_records(ByteView input) {
  std::vector<Bytes> records;
  Input parts{input};
  while (!parts.empty()) {
    auto bytes = parts.sized_bytes();
    Bytes record{bytes.begin(), bytes.end()};
    if (record.size() > Signature::size && record.back() % 2 == 1) {
      record.resize(record.size() - Signature::size);
      auto signature = test_key().sign(store::entry_domain, record);
      record.insert(record.end(), signature.bytes.begin(),
                    signature.bytes.end());
    }
    records.push_back(std::move(record));
  }
  return records;
}

/// Of a record that was taken.
void check_taken(const events::Mesh& before, const events::Mesh& after,
                 const Bytes& record) {
  if (before.founded() && after.epoch != before.epoch)
    require(after.epoch > before.epoch && after.version == 1,
            "an epoch begins above the one before");
  else
    require(after.version == before.version + 1, "the next version is taken");
  store::AlignedBytes aligned;
  auto opened = store::open_record(record, aligned);
  require(opened.ok(), "what is taken can be read");
  require(!actors::in_words(before, *opened->entry).empty(),
          "what it does has words");
  auto author = after.restating ? actors::Author{after.authority,
                                                 after.authority_member()->key}
                                : actors::author_of(after, record);
  require(
      author && store::verify(author->key, store::entry_domain,
                              opened->halves.entry, opened->halves.signature),
      "what is taken is signed by a member");
  require(!actors::is_clash(author->key, record, record),
          "nothing clashes with itself");
}

void check_roster(const std::vector<Bytes>& records) {
  events::Mesh mesh;
  for (const auto& record : records) {
    if (auto after = actors::after_record(mesh, record)) {
      check_taken(mesh, *after, record);
      mesh = *after;
    }
    // It is checked where it stands in a ledger.
    store::AlignedBytes aligned;
    if (store::open_record(record, aligned)) {
      auto behind = actors::authority_record(record);
      require(!behind || !behind->empty(), "a record holds one");
    }
  }
}

void check_introduction(const std::vector<Bytes>& records) {
  auto read = actors::read_introduction(records);
  if (!read) {
    require(!read.error().message.empty(), "a refusal has a reason");
    return;
  }
  require(actors::is_introduction(records), "it begins with an identity");
  store::AlignedBytes aligned;
  auto first = store::open_record(records.front(), aligned);
  PublicKey key{*store::identity_of(*first->entry)->key()};
  require(read->node == store::node_id_of(key),
          "a node is named after its first key");
}

}  // namespace

void run(ByteView input) {
  auto text = store::as_text(input);
  auto read = actors::read_mesh_file(text);
  if (read) require(actors::write_mesh_file(*read) == text, "it is told again");
  auto records = read ? *read : signed_records(input);
  check_roster(records);
  check_introduction(records);
}

}  // namespace ppn::fuzz
