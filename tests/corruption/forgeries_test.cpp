// Ledgers made by someone who holds no key of the node that is in force: all
// tables fit together, and only signatures and keys can tell.
#include <boost/test/unit_test.hpp>

#include <set>

#include "schema/level.hpp"
#include "store/ledger_view.hpp"
#include "store/statements.hpp"
#include "store/tree.hpp"
#include "tests/corruption/ledger_copy.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::AuditLevel;
using store::Table;

namespace {

const store::SigningKey& forger() {
  static const auto key = seeded_key(9, 0);
  return key;
}

/// Records of any content, signed by anyone.
class Forgery {
 public:
  explicit Forgery(const LedgerCopy& copy) : copy_(copy) {
    for (auto& [key, record] :
         RawTables{copy.directory().ledger()}.all(Table::entries))
      records_.push_back(std::move(record));
  }

  [[nodiscard]] const Bytes& operator[](std::size_t place) const {
    return records_[place];
  }

  /// Puts `model`, changed by `change`, at `place`, which is in the ledger or
  /// next to its end.
  void put(std::size_t place, const store::SigningKey& key, const Bytes& model,
           const std::function<void(schema::EntryT&)>& change) {
    Hash prev;
    if (place > 0) prev = link_of(records_.at(place - 1));
    auto entry = with_change(model, [&](schema::EntryT& built) {
      built.sequence = place;
      built.prev = std::make_unique<schema::Hash>(prev.stored());
      change(built);
    });
    if (place == records_.size()) records_.emplace_back();
    records_[place] = signed_by(key, entry);
  }

  /// Puts a rotation to `next` at `place`, to which `next` agrees.
  void put_rotation(std::size_t place, const store::SigningKey& key,
                    const store::SigningKey& next) {
    put(place, key, Bytes{records_[story_rotation]},
        [&](schema::EntryT& entry) {
          entry.stream_version = node_events_before(place) + 1;
          auto statement = store::key_rotation_statement(
              NodeId{*entry.node}, place, Hash{*entry.prev}, next.public_key());
          schema::NodeKeyRotatedT rotated;
          rotated.new_key =
              std::make_unique<schema::PublicKey>(next.public_key().stored());
          rotated.new_key_signature = std::make_unique<schema::Signature>(
              next.sign(store::key_rotation_domain, statement).stored());
          entry.payload.Set(std::move(rotated));
        });
  }

  void put_in_own_stream(std::size_t place, const store::SigningKey& key) {
    put(place, key, Bytes{records_[std::min(place, records_.size() - 1)]},
        [&](schema::EntryT& entry) {
          entry.stream = "forged/" + std::to_string(place);
          entry.stream_version = 1;
        });
  }

  void sign_again(std::size_t place, const store::SigningKey& key) {
    put(place, key, Bytes{records_[place]}, [](schema::EntryT&) {});
  }

  [[nodiscard]] std::string checkpoint(const store::SigningKey& key) const {
    store::Frontier tree;
    for (const auto& record : records_)
      tree.append(store::leaf_hash(record), [](const Hash&) {});
    NodeId node{*schema::GetEntry(records_[0].data())->node()};
    return must(store::sign_checkpoint(node, {tree.size(), tree.root()}, key));
  }

  /// Writes all tables, with the checkpoint by `key`. The index lists the
  /// `hidden` places as something else.
  void write(const store::SigningKey& key,
             const std::set<std::uint64_t>& hidden = {}) const {
    copy_.edit([&](RawTables& tables) {
      for (auto table :
           {Table::entries, Table::tree, Table::streams, Table::snapshots})
        tables.clear(table);
      store::Frontier tree;
      for (std::uint64_t place = 0; place < records_.size(); ++place) {
        auto sequence = store::big_endian(place);
        const auto& record = records_[place];
        const auto* entry = schema::GetEntry(record.data());
        bool is_hidden = hidden.contains(place);
        tables.put(Table::entries, sequence, record);
        tables.put(
            Table::streams,
            store::stream_key(
                place,
                is_hidden ? "zzz/hidden" : entry->stream()->string_view(),
                is_hidden ? place + 1 : entry->stream_version()),
            sequence);
        Bytes nodes;
        tree.append(store::leaf_hash(record), [&](const Hash& node) {
          nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
        });
        tables.put(Table::tree, sequence, nodes);
      }
      tables.put(Table::meta, store::as_bytes(store::meta_checkpoint),
                 store::as_bytes(checkpoint(key)));
    });
  }

 private:
  [[nodiscard]] std::uint64_t node_events_before(std::size_t place) const {
    std::uint64_t events = 0;
    for (std::size_t i = 0; i < place; ++i)
      if (schema::GetEntry(records_[i].data())->stream()->string_view() ==
          "node")
        ++events;
    return events;
  }

  const LedgerCopy& copy_;
  std::vector<Bytes> records_;
};

/// The story with an entry too new at 5, whole in every other respect.
void put_too_new(Forgery& forgery) {
  forgery.put(5, seeded_key(1, 0), Bytes{forgery[5]},
              [](schema::EntryT& entry) {
                entry.schema_level = schema::schema_level + 1;
              });
  for (std::size_t place = 6; place < story_rotation; ++place)
    forgery.sign_again(place, seeded_key(1, 0));
  forgery.put_rotation(story_rotation, seeded_key(1, 0), seeded_key(1, 1));
  for (auto place = story_rotation + 1; place < story_size; ++place)
    forgery.sign_again(place, seeded_key(1, 1));
}

bool leaves_out(const store::AuditReport& report, const char* what) {
  return std::any_of(
      report.not_checked.begin(), report.not_checked.end(),
      [&](const std::string& left_out) { return mentions(left_out, what); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(forgeries)

BOOST_AUTO_TEST_CASE(
    a_rotation_that_no_key_in_force_signed_is_found_at_level_chain) {
  LedgerCopy copy{story()};
  Forgery forgery{copy};
  forgery.put_rotation(story_size, forger(), forger());
  forgery.put_in_own_stream(story_size + 1, forger());
  forgery.write(forger());
  for (auto level : {AuditLevel::chain, AuditLevel::signatures})
    BOOST_TEST(first_in_words(copy.audit(level)) == "key@20; bad 20, good 19");
}

BOOST_AUTO_TEST_CASE(an_entry_too_new_hides_no_index_that_hides_a_rotation) {
  LedgerCopy copy{story()};
  Forgery forgery{copy};
  put_too_new(forgery);
  forgery.write(seeded_key(1, 1), {story_rotation});
  copy.set_outside_checkpoint(forgery.checkpoint(seeded_key(1, 1)));
  for (auto level : {AuditLevel::signatures, AuditLevel::replay})
    BOOST_TEST(in_words(copy.audit(level)) == "too new; good 4");
}

BOOST_AUTO_TEST_CASE(an_entry_too_new_does_not_make_a_forged_rest_valid) {
  LedgerCopy copy{story()};
  Forgery forgery{copy};
  put_too_new(forgery);
  copy.set_outside_checkpoint(forgery.checkpoint(seeded_key(1, 1)));
  forgery.put_rotation(12, forger(), forger());
  for (std::size_t place = 13; place < story_size; ++place)
    forgery.put_in_own_stream(place, forger());
  forgery.write(forger(), {story_rotation});
  BOOST_TEST(!copy.audit(AuditLevel::signatures).valid());
}

BOOST_AUTO_TEST_CASE(only_what_the_node_signed_is_no_sign_of_tampering) {
  LedgerCopy copy{story()};
  Forgery forgery{copy};
  put_too_new(forgery);
  forgery.write(seeded_key(1, 1));
  copy.set_outside_checkpoint(copy.checkpoint());
  BOOST_TEST(copy.audit().too_new_is_signed);

  forgery.put(0, forger(), Bytes{forgery[0]}, [](schema::EntryT& entry) {
    entry.schema_level = schema::schema_level + 1;
  });
  for (std::size_t place = 1; place < story_size; ++place)
    forgery.sign_again(place, forger());
  forgery.write(forger());
  auto report = copy.audit();
  BOOST_TEST(in_words(report) == "too new");
  BOOST_TEST(!report.too_new_is_signed);
}

BOOST_AUTO_TEST_CASE(
    a_checkpoint_that_lay_beside_the_ledger_proves_no_completeness) {
  LedgerCopy copy{story()};
  auto caveat = "newer entries were removed";
  BOOST_TEST(leaves_out(copy.audit(), caveat));
  BOOST_TEST(leaves_out(copy.audit_alone(), caveat));
  BOOST_TEST(!leaves_out(copy.audit_against(copy.checkpoint()), caveat));
}

/// Whether a rotation was there shows in who signed the entries after it.
BOOST_AUTO_TEST_CASE(
    a_damaged_rotation_that_the_index_lost_leaves_the_key_unknown) {
  LedgerCopy copy{long_story()};
  auto key = RawTables{copy.directory().ledger()}.get(
      Table::entries, store::big_endian(long_story_rotation));
  const auto* entry = schema::GetEntry(key.data());
  auto listed =
      store::stream_key(long_story_rotation, "node", entry->stream_version());
  copy.edit([&](RawTables& tables) { tables.remove(Table::streams, listed); });
  auto record = copy.record(long_story_rotation);
  const auto* new_key = entry->payload_as_NodeKeyRotated()->new_key();
  auto offset =
      static_cast<const std::uint8_t*>(static_cast<const void*>(new_key)) -
      key.data();
  record[static_cast<std::size_t>(offset)] ^= 1U;
  copy.set_record(long_story_rotation, record);
  auto report = copy.audit();
  BOOST_TEST(report.first_bad.value() == long_story_rotation);
  for (const auto& finding : report.findings)
    BOOST_TEST((!finding.sequence || *finding.sequence == long_story_rotation));
  BOOST_TEST(leaves_out(report, "may have changed the key"));
}

BOOST_AUTO_TEST_CASE(
    a_snapshot_under_a_longer_key_covers_up_for_no_forged_one) {
  Specimen specimen;
  specimen.append(5);
  specimen.write_snapshot();
  specimen.rotate_key();
  specimen.append(5);
  specimen.write_snapshot();
  specimen.close();
  LedgerCopy copy{specimen};
  auto snapshots = RawTables{copy.directory().ledger()}.all(Table::snapshots);
  auto forged = must(store::decode_snapshot(snapshots[0].second));
  forged.state.assign(forged.state.size(), 0x41);
  Bytes longer(1 + snapshots[1].first.size());
  std::copy(snapshots[1].first.begin(), snapshots[1].first.end(),
            longer.begin() + 1);
  copy.edit([&](RawTables& tables) {
    tables.put(Table::snapshots, snapshots[0].first,
               store::encode_snapshot(forged, seeded_key(1, 0)));
    tables.put(Table::snapshots, longer, snapshots[1].second);
  });
  auto report = copy.audit();
  BOOST_TEST(report.findings_total == 2U);
  BOOST_TEST(mentions(report.findings[0].message, "no number of entries"));
  BOOST_TEST(mentions(report.findings[1].message, "the snapshot at 6"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
