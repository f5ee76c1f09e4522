// Records of the roster, signed in earnest: which one is taken next, what shows
// that an author signed two, and how a node introduces itself.
#include "actors/roster_record.hpp"

#include "store/statements.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using actors::after_record;
using actors::authority_record;
using actors::is_clash;
using actors::read_introduction;
using events::Mesh;
using store::ErrorCode;
using store::SigningKey;

namespace {

/// The key of a node by its number.
SigningKey key_of(std::uint32_t number) {
  return key_of_seed(static_cast<std::uint8_t>(number));
}

NodeId id_of_key(std::uint32_t number) {
  return store::node_id_of(key_of(number).public_key());
}

events::Newcomer signer(std::uint32_t number) {
  auto one = newcomer(number);
  one.node = id_of_key(number);
  one.key = key_of(number).public_key();
  return one;
}

Bytes signed_by(const SigningKey& key, const Bytes& entry) {
  auto record = entry;
  auto signature = key.sign(store::entry_domain, entry);
  record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
  return record;
}

Bytes signed_by(std::uint32_t number, const Bytes& entry) {
  return signed_by(key_of(number), entry);
}

/// A mesh whose authority is number 1 and signs, with the members 2 to `count`.
RosterAuthor author_of(std::uint32_t count) {
  RosterAuthor author;
  auto command = founding();
  command.founder = signer(1);
  BOOST_TEST_REQUIRE(author(command) == "");
  for (std::uint32_t number = 2; number <= count; ++number)
    BOOST_TEST_REQUIRE(author(events::AddMember{signer(number)}) == "");
  return author;
}

std::vector<Bytes> records_of(const RosterAuthor& author) {
  std::vector<Bytes> records;
  for (const auto& entry : author.entries())
    records.push_back(signed_by(1, entry));
  return records;
}

Mesh taken_in(const std::vector<Bytes>& records) {
  Mesh mesh;
  for (const auto& record : records) mesh = must(after_record(mesh, record));
  return mesh;
}

/// Why a record is not taken.
store::Error refusal(const Mesh& before, const Bytes& record) {
  auto taken = after_record(before, record);
  BOOST_TEST_REQUIRE(!taken.ok());
  return taken.error();
}

schema::MemberRemovedT removal(std::uint32_t number,
                               const std::string& reason = "lost") {
  schema::MemberRemovedT event;
  event.node = std::make_unique<schema::NodeId>(id_of_key(number).stored());
  event.reason = reason;
  return event;
}

/// The entry as a program would write it that is newer than this one.
Bytes made_too_new(const Bytes& bytes) {
  schema::EntryT fields;
  schema::GetEntry(bytes.data())->UnPackTo(&fields);
  fields.schema_level = 60'000;
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishEntryBuffer(builder, schema::Entry::Pack(builder, &fields));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

const schema::Entry& entry_of(const Bytes& bytes) {
  return *schema::GetEntry(bytes.data());
}

// -- introductions ------------------------------------------------------------

/// What a node says of itself, an entry after the other.
class Introducer {
 public:
  explicit Introducer(std::uint32_t number)
      : id_(id_of_key(number)), number_(number), key_(number) {}

  void say_identity() {
    schema::NodeInitialisedT event;
    event.identity = std::make_unique<schema::IdentityT>();
    event.identity->key = std::make_unique<schema::PublicKey>(
        key_of(number_).public_key().stored());
    event.identity->schema_digest = std::make_unique<schema::Hash>();
    event.identity->name = "node-" + std::to_string(number_);
    say("node", std::move(event));
  }

  void say_tunnel_key(std::uint32_t number) {
    schema::TunnelKeyMadeT event;
    event.key =
        std::make_unique<schema::TunnelKey>(tunnel_key_of(number).stored());
    say("wireguard", std::move(event));
  }

  /// From then on the key of another number signs, if that one agrees.
  void rotate_to(std::uint32_t number, bool agrees = true) {
    auto next = key_of(number);
    auto statement = store::key_rotation_statement(id_, place().sequence, {},
                                                   next.public_key());
    schema::NodeKeyRotatedT event;
    event.new_key =
        std::make_unique<schema::PublicKey>(next.public_key().stored());
    event.new_key_signature = std::make_unique<schema::Signature>(
        key_of(agrees ? number : key_)
            .sign(store::key_rotation_domain, statement)
            .stored());
    say("node", std::move(event));
    key_ = number;
  }

  template <class Event>
  void say(const std::string& stream, Event event) {
    store::Event one;
    one.stream = stream;
    one.payload.Set(std::move(event));
    flatbuffers::FlatBufferBuilder builder;
    auto entry = store::build_entry(builder, one, place(), {});
    records.push_back(signed_by(key_, {entry.begin(), entry.end()}));
  }

  /// Identity and key of the tunnels, as most have them.
  static Introducer whole(std::uint32_t number) {
    Introducer one{number};
    one.say_identity();
    one.say_tunnel_key(number);
    return one;
  }

  std::vector<Bytes> records;

 private:
  [[nodiscard]] store::Place place() const {
    return {records.size(), {}, id_, records.size() + 1};
  }

  NodeId id_;
  std::uint32_t number_;
  /// The number whose key signs.
  std::uint32_t key_;
};

std::string why_no_introduction(const std::vector<Bytes>& records) {
  auto read = read_introduction(records);
  BOOST_TEST(is_error(read, ErrorCode::bad_input));
  return error_of(read).message;
}

const std::string not_one_node =
    "these are no entries by which one node introduces itself";

}  // namespace

BOOST_AUTO_TEST_SUITE(roster_record)

// -- the next record ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_authoritys_records_make_its_mesh) {
  auto author = author_of(3);
  BOOST_TEST((taken_in(records_of(author)) == author.mesh()));
}

BOOST_AUTO_TEST_CASE(only_the_next_version_is_taken) {
  auto records = records_of(author_of(4));
  auto mesh = taken_in({records[0], records[1]});
  for (auto index : {0U, 1U, 3U}) {
    auto why = refusal(mesh, records[index]);
    BOOST_TEST(why.code == ErrorCode::bad_input);
    BOOST_TEST(mentions(why.message, "of the roster, and version 3 is next"));
  }
  must(after_record(mesh, records[2]));
}

BOOST_AUTO_TEST_CASE(a_roster_begins_with_the_founding) {
  auto records = records_of(author_of(2));
  BOOST_TEST(refusal(Mesh{}, records[1]).message ==
             "a roster begins with the founding of its mesh");
}

BOOST_AUTO_TEST_CASE(no_bit_of_a_record_is_another) {
  auto records = records_of(author_of(2));
  auto mesh = taken_in({records[0]});
  for (std::size_t bit = 0; bit < records[1].size() * 8; bit += 7)
    refusal(mesh, with_bit_flipped(records[1], bit));
}

BOOST_AUTO_TEST_CASE(what_another_signed_is_not_the_authoritys) {
  auto author = author_of(2);
  auto mesh = taken_in({signed_by(1, author.entries()[0])});
  auto why = refusal(mesh, signed_by(2, author.entries()[1]));
  BOOST_TEST(why.code == ErrorCode::bad_input);
  BOOST_TEST(why.message ==
             "version 2 of the roster is not signed by the authority");
}

BOOST_AUTO_TEST_CASE(a_founding_is_signed_by_its_founder) {
  auto author = author_of(1);
  BOOST_TEST(
      mentions(refusal(Mesh{}, signed_by(2, author.entries()[0])).message,
               "is not signed by the authority"));
}

BOOST_AUTO_TEST_CASE(the_author_is_the_authority) {
  auto mesh = author_of(2).mesh();
  auto entry = entry_at({id_of_key(2), 3}, removal(2));
  BOOST_TEST(mentions(refusal(mesh, signed_by(2, entry)).message,
                      "not signed by the authority"));
  BOOST_TEST(refusal(mesh, signed_by(1, entry)).message ==
             "its author is not the authority");
}

BOOST_AUTO_TEST_CASE(after_it_moved_the_new_authority_signs) {
  auto author = author_of(2);
  auto old = author.mesh();
  BOOST_TEST(author(events::MoveRole{schema::Role::authority, id_of_key(2)}) ==
             "");
  auto records = records_of(author);
  auto entry = entry_at({id_of_key(2), 4}, removal(1));
  auto mesh = author.mesh();
  refusal(mesh, signed_by(1, entry));
  must(after_record(mesh, signed_by(2, entry)));
}

BOOST_AUTO_TEST_CASE(a_record_of_another_mesh_is_not_taken) {
  auto other = RosterAuthor{};
  auto command = founding();
  command.founder = signer(9);
  BOOST_TEST(other(command) == "");
  BOOST_TEST(other(events::AddMember{signer(2)}) == "");
  auto mesh = author_of(1).mesh();
  BOOST_TEST(mentions(refusal(mesh, signed_by(9, other.entries()[1])).message,
                      "not signed by the authority"));
}

BOOST_AUTO_TEST_CASE(a_record_fits_a_frame) {
  auto mesh = author_of(2).mesh();
  auto sized = [](std::size_t size) {
    auto record = signed_by(
        1, entry_at({id_of_key(1), 3}, removal(2, std::string(size, 'x'))));
    return record;
  };
  auto spare = events::roster_entry_max - sized(0).size();
  // Strings end on a multiple of four.
  BOOST_TEST(refusal(mesh, sized(spare + 8)).message ==
             "an entry of a roster is not that large");
  must(after_record(mesh, sized(spare - 8)));
}

BOOST_AUTO_TEST_CASE(what_is_no_record_is_not_taken) {
  auto mesh = author_of(1).mesh();
  BOOST_TEST(refusal(mesh, {}).code == ErrorCode::bad_input);
  BOOST_TEST(refusal(mesh, Bytes(300, 1)).code == ErrorCode::damaged);
}

BOOST_AUTO_TEST_CASE(what_only_a_newer_program_reads_is_told_apart) {
  auto author = author_of(2);
  auto mesh = taken_in({signed_by(1, author.entries()[0])});
  auto record = signed_by(1, made_too_new(author.entries()[1]));
  BOOST_TEST(refusal(mesh, record).code == ErrorCode::too_new);
}

// -- records that are held ---------------------------------------------------

BOOST_AUTO_TEST_CASE(the_authoritys_own_record_is_it_itself) {
  auto record = records_of(author_of(1)).front();
  BOOST_TEST((must(authority_record(record)) == record));
}

BOOST_AUTO_TEST_CASE(a_record_that_was_taken_is_given_on_as_it_came) {
  auto record = records_of(author_of(1)).front();
  auto draft = actors::taken_draft(record);
  BOOST_TEST(draft.stream == "roster");
  auto held = signed_by(2, entry_at({id_of_key(2), 1}, draft.payload));
  BOOST_TEST((must(authority_record(held)) == record));
}

BOOST_AUTO_TEST_CASE(what_is_no_record_holds_none) {
  BOOST_TEST(is_error(authority_record(Bytes(300, 1)), ErrorCode::damaged));
}

// -- two records for one version ---------------------------------------------

BOOST_AUTO_TEST_CASE(two_entries_that_one_signed_for_a_version_clash) {
  auto one = signed_by(1, entry_at({id_of_key(1), 3}, removal(2)));
  auto other = signed_by(1, entry_at({id_of_key(1), 3}, removal(2, "stolen")));
  BOOST_TEST(is_clash(key_of(1).public_key(), one, other));
  BOOST_TEST(!is_clash(key_of(1).public_key(), one, one));
  BOOST_TEST(!is_clash(key_of(2).public_key(), one, other));
}

BOOST_AUTO_TEST_CASE(no_clash_is_made_of_what_the_author_did_not_sign) {
  auto one = signed_by(1, entry_at({id_of_key(1), 3}, removal(2)));
  auto forged = entry_at({id_of_key(1), 3}, removal(2, "stolen"));
  for (const auto& other : {signed_by(2, forged), forged, Bytes{}}) {
    BOOST_TEST(!is_clash(key_of(1).public_key(), one, other));
    BOOST_TEST(!is_clash(key_of(1).public_key(), other, one));
  }
}

BOOST_AUTO_TEST_CASE(entries_in_other_places_do_not_clash) {
  auto one = signed_by(1, entry_at({id_of_key(1), 3}, removal(2)));
  auto later = signed_by(1, entry_at({id_of_key(1), 4}, removal(2)));
  auto elsewhere =
      signed_by(1, entry_at({id_of_key(1), 3, 0, "node"}, removal(2)));
  BOOST_TEST(!is_clash(key_of(1).public_key(), one, later));
  BOOST_TEST(!is_clash(key_of(1).public_key(), one, elsewhere));
}

BOOST_AUTO_TEST_CASE(an_author_is_known_as_long_as_its_mesh) {
  auto author = author_of(2);
  auto by = [&](std::uint32_t number) {
    return actors::author_of(
        author.mesh(),
        signed_by(number, entry_at({id_of_key(number), 3}, removal(2))));
  };
  BOOST_TEST((by(2).value().key == key_of(2).public_key()));
  BOOST_TEST(author(events::RemoveMember{id_of_key(2), "lost"}) == "");
  BOOST_TEST((by(2).value().node == id_of_key(2)));
  BOOST_TEST((by(2).value().key == key_of(2).public_key()));
  BOOST_TEST(!by(3).has_value());
  BOOST_TEST(!actors::author_of(author.mesh(), Bytes(300, 1)).has_value());
}

// -- introductions -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_node_introduces_itself_by_its_own_entries) {
  auto read = must(read_introduction(Introducer::whole(2).records));
  BOOST_TEST(read.node == id_of_key(2));
  BOOST_TEST(read.name == "node-2");
  BOOST_TEST(read.key == key_of(2).public_key());
  BOOST_TEST(read.tunnel_key == tunnel_key_of(2));
  BOOST_TEST(read.endpoints.empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_took_over_signs_and_is_the_nodes) {
  Introducer node{2};
  node.say_identity();
  node.rotate_to(3);
  node.rotate_to(4);
  node.say_tunnel_key(2);
  auto read = must(read_introduction(node.records));
  BOOST_TEST(read.node == id_of_key(2));
  BOOST_TEST(read.key == key_of(4).public_key());
}

BOOST_AUTO_TEST_CASE(a_key_that_was_taken_over_from_signs_no_more) {
  Introducer node{2};
  node.say_identity();
  node.rotate_to(3);
  auto first = Introducer::whole(2);
  node.records.push_back(first.records[1]);
  BOOST_TEST(mentions(why_no_introduction(node.records),
                      "entry 1 has no valid signature"));
}

/// A public key is everybody's to name, but not to bring in.
BOOST_AUTO_TEST_CASE(nobody_takes_over_without_agreeing) {
  Introducer node{2};
  node.say_identity();
  node.rotate_to(3, false);
  node.say_tunnel_key(2);
  BOOST_TEST(is_error(read_introduction(node.records), ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(an_introduction_begins_with_the_identity) {
  auto records = Introducer::whole(2).records;
  std::swap(records[0], records[1]);
  BOOST_TEST(why_no_introduction(records) == not_one_node);
}

BOOST_AUTO_TEST_CASE(an_introduction_is_whole) {
  const std::string lacks =
      "a node's introduction lacks its identity or the key of its tunnels";
  BOOST_TEST(why_no_introduction({Introducer::whole(2).records[0]}) == lacks);
  BOOST_TEST(why_no_introduction({}) == lacks);
}

BOOST_AUTO_TEST_CASE(a_node_is_named_after_its_first_key) {
  Introducer node{2};
  schema::NodeInitialisedT event;
  event.identity = std::make_unique<schema::IdentityT>();
  event.identity->key =
      std::make_unique<schema::PublicKey>(key_of(3).public_key().stored());
  event.identity->schema_digest = std::make_unique<schema::Hash>();
  node.say("node", std::move(event));
  BOOST_TEST(why_no_introduction(node.records) ==
             "the node id is not that of its key");
}

BOOST_AUTO_TEST_CASE(an_entry_of_another_node_does_not_belong) {
  auto records = Introducer::whole(2).records;
  records.insert(records.begin() + 1, Introducer::whole(3).records[1]);
  BOOST_TEST(why_no_introduction(records) == not_one_node);
}

/// Or one would get into the mesh under the name of another, with tunnels of
/// its own.
BOOST_AUTO_TEST_CASE(one_introduction_has_one_identity) {
  auto records = Introducer::whole(3).records;
  records.push_back(Introducer::whole(2).records[0]);
  BOOST_TEST(why_no_introduction(records) == not_one_node);
  auto twice = Introducer::whole(2);
  twice.say_identity();
  BOOST_TEST(why_no_introduction(twice.records) == not_one_node);
}

BOOST_AUTO_TEST_CASE(every_entry_of_an_introduction_is_signed) {
  for (std::size_t index : {0U, 1U}) {
    auto records = Introducer::whole(2).records;
    records[index].back() ^= 1U;
    BOOST_TEST(mentions(why_no_introduction(records), "no valid signature"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_record_introduces_nobody) {
  BOOST_TEST(is_error(read_introduction({Bytes(300, 1)}), ErrorCode::damaged));
}

// -- in words ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(each_kind_of_entry_is_told_in_words) {
  RosterAuthor author;
  std::string words;
  auto tell = [&](const events::MeshCommand& command) {
    auto before = author.mesh();
    BOOST_TEST_REQUIRE(author(command) == "");
    words += actors::in_words(before, entry_of(author.entries().back())) + "\n";
  };
  tell(founding());
  tell(events::AddMember{newcomer(2)});
  tell(events::AddMember{newcomer(3)});
  tell(events::ReplaceMember{node_of(2), newcomer(4)});
  tell(events::ChangeEndpoints{node_of(3), {endpoint("192.0.2.1:1")}});
  tell(events::MoveRole{schema::Role::hub, node_of(3)});
  tell(events::RemoveMember{node_of(4), "it was stolen"});
  BOOST_TEST(words ==
             "node-1 founded the mesh home\n"
             "node-2 is added\n"
             "node-3 is added\n"
             "node-2 is replaced by the node " +
                 node_of(4).hex() +
                 "\n"
                 "node-3 has other endpoints\n"
                 "node-3 becomes the hub\n"
                 "node-2 is removed: it was stolen\n");
}

BOOST_AUTO_TEST_CASE(another_entry_is_told_as_what_it_is_not) {
  BOOST_TEST(actors::in_words(
                 {}, entry_of(entry_at({node_of(1)}, schema::NotedT{}))) ==
             "an entry that is no event of a roster");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
