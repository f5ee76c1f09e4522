// Frames as bytes: built, sealed, and opened whoever made them.
#include "actors/frame.hpp"

#include "actors/host_news.hpp"
#include "events/mesh.hpp"
#include "store/signing.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"

namespace ppn::tests {

using actors::build_frame;
using actors::datagram_max;
using actors::FrameHead;
using actors::open_frame;
using actors::seal;
using actors::signed_part;
using store::ErrorCode;

namespace {

constexpr std::size_t entry_max = events::roster_entry_max - Signature::size;

const auto mesh_id = of_hex<Id>("000102030405060708090a0b0c0d0e0f");

FrameHead some_head() {
  FrameHead head;
  head.sender = of_hex<NodeId>("101112131415161718191a1b1c1d1e1f");
  head.recipient = of_hex<NodeId>("202122232425262728292a2b2c2d2e2f");
  head.boot = 7;
  head.counter = 0x0123456789abcdef;
  head.nonce = of_hex<Id>("303132333435363738393a3b3c3d3e3f");
  head.heard = {of_hex<Id>("404142434445464748494a4b4c4d4e4f"), 41};
  return head;
}

Bytes datagram_of(const FrameHead& head, const actors::FrameBody& body) {
  auto frame = build_frame(head, body);
  auto signature =
      key_of_seed(1).sign(store::frame_domain, signed_part(mesh_id, frame));
  return seal(std::move(frame), signature);
}

Bytes datagram_of(const actors::FrameBody& body) {
  return datagram_of(some_head(), body);
}

/// How a datagram is received; its bytes live as long as the opener.
class Opener {
 public:
  store::Result<actors::OpenedFrame> operator()(ByteView datagram) {
    return open_frame(datagram, aligned_);
  }

 private:
  store::AlignedBytes aligned_;
};

auto refused_as(ErrorCode code, ByteView datagram) {
  Opener open;
  return is_error(open(datagram), code);
}

/// A frame put together by hand, as no node would.
struct RawFrame {
  schema::FrameBody kind = schema::FrameBody::RosterRequest;
  bool has_body = true;
  bool has_head = true;
  std::optional<std::size_t> padding = events::roster_entry_max;
  const char* identifier = schema::FrameIdentifier();
};

Bytes built(const RawFrame& raw) {
  flatbuffers::FlatBufferBuilder builder;
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> padding;
  if (raw.padding) padding = builder.CreateVector(Bytes(*raw.padding));
  auto body = schema::CreateRosterRequest(builder, 1, padding).Union();
  const schema::FrameHead head;
  schema::FrameBuilder frame{builder};
  if (raw.has_head) frame.add_head(&head);
  frame.add_body_type(raw.kind);
  if (raw.has_body) frame.add_body(body);
  flatbuffers::Offset<schema::Frame> table{builder.EndTable(frame.start_)};
  builder.Finish(table, raw.identifier);
  return seal({builder.GetBufferPointer(),
               builder.GetBufferPointer() + builder.GetSize()},
              {});
}

/// All that one can tell beside news of the roster, and as many guests as fit.
actors::Heartbeat full_heartbeat() {
  constexpr auto largest = ~std::uint64_t{0};
  constexpr auto largest_32 = ~std::uint32_t{0};
  actors::Heartbeat body{largest, store::leaf_hash({}), {}, largest};
  body.seen_at = events::Endpoint::parse("[fd00::1]:51820");
  body.preshared = store::leaf_hash({});
  body.key_news = events::KeyNews{};
  body.host.digest = largest;
  body.host.report = events::HostReport{largest,
                                        largest,
                                        largest,
                                        largest,
                                        largest,
                                        largest_32,
                                        largest_32,
                                        largest_32,
                                        largest_32,
                                        largest_32,
                                        std::string(31, 'a')};
  Id last;
  last.bytes.fill(0xff);
  body.host.guests = events::GuestPage{{}, last, {}};
  auto& guests = body.host.guests->guests;
  const std::string name(events::name_max, 'x');
  for (std::size_t bytes = 0; (bytes += actors::guest_bytes + name.size()) <=
                              actors::guest_page_bytes_max;) {
    Id id;
    id.bytes.front() = static_cast<std::uint8_t>(guests.size());
    guests[id] = {name, schema::VmOutcome::running, false, largest_32, 0xffff};
  }
  return body;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame)

// -- building ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_frame_holds_the_head_that_it_was_built_of) {
  Opener open;
  auto head = some_head();
  auto opened = must(open(datagram_of(actors::Heartbeat{})));
  BOOST_TEST(opened.head.sender == head.sender);
  BOOST_TEST(opened.head.recipient == head.recipient);
  BOOST_TEST(opened.head.boot == head.boot);
  BOOST_TEST(opened.head.counter == head.counter);
  BOOST_TEST(opened.head.nonce == head.nonce);
  BOOST_REQUIRE(opened.head.heard.has_value());
  BOOST_TEST(opened.head.heard->nonce == head.heard->nonce);
  BOOST_TEST(opened.head.heard->counter == head.heard->counter);
}

BOOST_AUTO_TEST_CASE(a_frame_to_whom_was_never_heard_has_no_nonce_of_it) {
  Opener open;
  auto head = some_head();
  head.heard.reset();
  auto opened = must(open(datagram_of(head, actors::Heartbeat{})));
  BOOST_TEST(!opened.head.heard.has_value());
}

BOOST_AUTO_TEST_CASE(a_heartbeat_tells_roster_and_checkpoint) {
  Opener open;
  actors::Heartbeat body{12, store::leaf_hash({}), "a note\n"};
  auto opened = must(open(datagram_of(body)));
  const auto* heartbeat = opened.frame->body_as_Heartbeat();
  BOOST_REQUIRE(heartbeat != nullptr);
  BOOST_TEST(heartbeat->roster_version() == 12U);
  BOOST_TEST((Hash{*heartbeat->roster_hash()} == body.roster_hash));
  BOOST_TEST(heartbeat->checkpoint()->str() == "a note\n");
  body.checkpoint.clear();
  body.roster_hash.reset();
  opened = must(open(datagram_of(body)));
  BOOST_TEST(opened.frame->body_as_Heartbeat()->checkpoint() == nullptr);
  BOOST_TEST(opened.frame->body_as_Heartbeat()->roster_hash() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_heartbeat_tells_the_authority_of_a_key) {
  Opener open;
  actors::Heartbeat body;
  auto opened = must(open(datagram_of(body)));
  BOOST_TEST(opened.frame->body_as_Heartbeat()->key_news() == nullptr);
  body.key_news = events::KeyNews{{}, true};
  body.key_news->key.bytes.fill(7);
  opened = must(open(datagram_of(body)));
  const auto* news = opened.frame->body_as_Heartbeat()->key_news();
  BOOST_REQUIRE(news != nullptr);
  BOOST_TEST((events::TunnelKey{*news->key()} == body.key_news->key));
  BOOST_TEST(news->is_in_use());
}

BOOST_AUTO_TEST_CASE(a_switch_tells_the_key_and_the_moment) {
  Opener open;
  events::KeySwitch body{{}, 150};
  body.key.bytes.fill(7);
  auto opened = must(open(datagram_of(body)));
  const auto* told = opened.frame->body_as_KeySwitch();
  BOOST_REQUIRE(told != nullptr);
  BOOST_TEST((events::TunnelKey{*told->key()} == body.key));
  BOOST_TEST(told->in_ms() == 150U);
}

BOOST_AUTO_TEST_CASE(an_answer_holds_the_entry_as_it_was_signed) {
  Opener open;
  actors::RosterAnswer body{Bytes(entry_max, 5), {}};
  body.signature.bytes.fill(6);
  const auto* answer =
      must(open(datagram_of(body))).frame->body_as_RosterAnswer();
  BOOST_REQUIRE(answer != nullptr);
  BOOST_TEST(to_hex({answer->entry()->data(), answer->entry()->size()}) ==
             to_hex(body.entry));
  BOOST_TEST(Signature{*answer->signature()} == body.signature);
}

BOOST_AUTO_TEST_CASE(a_question_is_as_large_as_the_largest_answer) {
  Opener open;
  auto question = datagram_of(actors::RosterRequest{9});
  auto answer = datagram_of(actors::RosterAnswer{Bytes(entry_max, 5), {}});
  BOOST_TEST(question.size() >= answer.size());
  BOOST_TEST(question.size() <= datagram_max);
  const auto* request = must(open(question)).frame->body_as_RosterRequest();
  BOOST_REQUIRE(request != nullptr);
  BOOST_TEST(request->version() == 9U);
}

BOOST_AUTO_TEST_CASE(a_heartbeat_tells_which_key_is_shared) {
  Opener open;
  actors::Heartbeat body{1, store::leaf_hash({}), {}};
  auto opened = must(open(datagram_of(body)));
  BOOST_TEST(opened.frame->body_as_Heartbeat()->preshared() == nullptr);
  body.preshared = store::leaf_hash({});
  opened = must(open(datagram_of(body)));
  const auto* told = opened.frame->body_as_Heartbeat()->preshared();
  BOOST_REQUIRE(told != nullptr);
  BOOST_TEST((Hash{*told} == body.preshared));
}

BOOST_AUTO_TEST_CASE(a_heartbeat_tells_the_controller_of_its_host) {
  Opener open;
  auto body = full_heartbeat();
  auto opened = must(open(datagram_of(body)));
  auto told = actors::read_host(*opened.frame->body_as_Heartbeat());
  BOOST_TEST((told.report == body.host.report));
  BOOST_TEST((told.guests == body.host.guests));
  BOOST_TEST((told.digest == body.host.digest));
  opened = must(open(datagram_of(actors::Heartbeat{})));
  told = actors::read_host(*opened.frame->body_as_Heartbeat());
  BOOST_TEST(!told.report.has_value());
  BOOST_TEST(!told.guests.has_value());
}

BOOST_AUTO_TEST_CASE(a_heartbeat_with_all_that_it_can_have_fits) {
  auto with_guests = full_heartbeat();
  BOOST_TEST(datagram_of(with_guests).size() <= actors::datagram_max);
  auto with_checkpoint = full_heartbeat();
  with_checkpoint.host.guests.reset();
  with_checkpoint.checkpoint = std::string(350, 'x');
  BOOST_TEST(datagram_of(with_checkpoint).size() <= actors::datagram_max);
}

BOOST_AUTO_TEST_CASE(names_that_are_none_are_not_taken_from_a_heartbeat) {
  Opener open;
  auto body = full_heartbeat();
  body.host.report->accelerator = "\x1b[2J";
  body.host.guests->guests.begin()->second.name = "Not a name";
  auto opened = must(open(datagram_of(body)));
  auto told = actors::read_host(*opened.frame->body_as_Heartbeat());
  BOOST_TEST(told.report->accelerator == "");
  BOOST_TEST(!told.guests.has_value());
}

BOOST_AUTO_TEST_CASE(the_signature_goes_behind_the_frame) {
  Opener open;
  auto frame = build_frame(some_head(), actors::Heartbeat{});
  auto signature =
      key_of_seed(1).sign(store::frame_domain, signed_part(mesh_id, frame));
  auto datagram = seal(frame, signature);
  BOOST_TEST(to_hex(datagram) == to_hex(frame) + signature.hex());
  auto opened = must(open(datagram));
  BOOST_TEST(to_hex(opened.bytes) == to_hex(frame));
  BOOST_TEST(opened.signature == signature);
}

// -- datagrams from outside --------------------------------------------------

BOOST_AUTO_TEST_CASE(a_frame_by_hand_is_as_good_as_a_built_one) {
  Opener open;
  must(open(built(RawFrame{})));
}

BOOST_AUTO_TEST_CASE(a_datagram_has_65_to_1200_bytes) {
  for (std::size_t size : {0U, 1U, 64U, 1201U, 65'507U})
    BOOST_TEST(refused_as(ErrorCode::bad_input, Bytes(size)), "size " << size);
  BOOST_TEST(refused_as(ErrorCode::damaged, Bytes(65)));
  BOOST_TEST(refused_as(ErrorCode::damaged, Bytes(1200)));
}

BOOST_AUTO_TEST_CASE(a_truncated_frame_is_refused_or_its_signature_is_wrong) {
  Opener open;
  for (const auto& datagram :
       {datagram_of(actors::Heartbeat{1, Hash{}, "a note\n"}),
        datagram_of(actors::RosterAnswer{Bytes(entry_max, 5), {}})})
    for (std::size_t size = 0; size < datagram.size(); ++size) {
      auto opened = open(ByteView{datagram}.first(size));
      BOOST_TEST(
          (!opened ||
           !verify(key_of_seed(1).public_key(), store::frame_domain,
                   signed_part(mesh_id, opened->bytes), opened->signature)),
          "size " << size);
    }
}

BOOST_AUTO_TEST_CASE(a_frame_of_another_file_kind_is_damaged) {
  RawFrame raw;
  raw.identifier = "PPNE";
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
}

BOOST_AUTO_TEST_CASE(a_frame_of_an_unknown_kind_is_too_new) {
  Opener open;
  for (auto kind : {static_cast<int>(schema::FrameBody::MAX) + 1, 255}) {
    RawFrame raw;
    raw.kind = static_cast<schema::FrameBody>(kind);
    auto error = error_of(open(built(raw)));
    BOOST_TEST(error.code == ErrorCode::too_new);
    BOOST_TEST(mentions(error.message, std::to_string(kind)));
  }
}

BOOST_AUTO_TEST_CASE(a_frame_that_says_nothing_is_damaged) {
  RawFrame raw;
  raw.kind = schema::FrameBody::NONE;
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
  raw = {};
  raw.has_body = false;
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
}

BOOST_AUTO_TEST_CASE(a_body_of_another_kind_than_it_says_is_damaged) {
  RawFrame raw;
  raw.kind = schema::FrameBody::RosterAnswer;
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
}

BOOST_AUTO_TEST_CASE(a_frame_that_has_no_head_is_damaged) {
  RawFrame raw;
  raw.has_head = false;
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
}

BOOST_AUTO_TEST_CASE(a_question_smaller_than_its_answer_is_damaged) {
  RawFrame raw;
  raw.padding = events::roster_entry_max - 1;
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
  raw.padding.reset();
  BOOST_TEST(refused_as(ErrorCode::damaged, built(raw)));
}

BOOST_AUTO_TEST_CASE(an_answer_with_an_entry_that_is_too_large_is_damaged) {
  auto datagram = datagram_of(actors::RosterAnswer{Bytes(entry_max + 1), {}});
  BOOST_TEST(datagram.size() <= datagram_max);
  BOOST_TEST(refused_as(ErrorCode::damaged, datagram));
}

// What remains readable is caught by its signature; here it must only be
// survived.
BOOST_AUTO_TEST_CASE(a_damaged_frame_is_read_within_its_bounds) {
  Random random{seed_or(20260401)};
  Opener open;
  const auto datagram =
      datagram_of(actors::Heartbeat{1, store::leaf_hash({}), "a note\n"});
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto damaged = datagram;
    for (auto changes = 1 + random.below(3); changes > 0; --changes)
      damaged[random.below(damaged.size())] =
          static_cast<std::uint8_t>(random.below(256));
    auto opened = open(damaged);
    refused += opened.ok() ? 0U : 1U;
    if (!opened) continue;
    BOOST_REQUIRE(opened->frame->head() != nullptr);
    BOOST_REQUIRE(opened->frame->body() != nullptr);
  }
  BOOST_TEST(refused > 0U);
}

// -- what witnesses say
// --------------------------------------------------------

namespace {

store::SignedHead full_head() {
  Signature signature;
  signature.bytes.fill(0xff);
  return {{~std::uint64_t{0}, store::leaf_hash({})}, signature};
}

/// Each at its largest, in the order of the kinds.
std::vector<actors::WitnessLetter> full_letters() {
  constexpr auto largest = ~std::uint64_t{0};
  auto node = some_head().sender;
  actors::Heads heads{{}, true};
  heads.heads.assign(actors::heads_max, {node, full_head()});
  store::Proof proof(actors::growth_hashes_max, store::leaf_hash({}));
  return {actors::HeadsRequest{node},
          heads,
          actors::GrowthRequest{node, full_head(), largest},
          actors::Growth{node, largest, largest, store::leaf_hash({}), proof},
          actors::Cosignature{full_head().head, largest, PublicKey{}, {}},
          actors::ForkTold{node, full_head(), full_head(),
                           Bytes(actors::told_frame_max, 1)}};
}

Bytes datagram_of_letter(const actors::WitnessLetter& letter) {
  return std::visit([](const auto& kind) { return datagram_of(kind); }, letter);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_letter_of_a_witness_fits_and_comes_back) {
  for (const auto& letter : full_letters()) {
    auto datagram = datagram_of_letter(letter);
    BOOST_TEST(datagram.size() <= datagram_max);
    Opener open;
    auto opened = must(open(datagram));
    auto read = actors::read_witness_letter(*opened.frame);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->index() == letter.index());
    BOOST_TEST(to_hex(datagram_of_letter(*read)) == to_hex(datagram));
  }
}

BOOST_AUTO_TEST_CASE(no_answer_of_a_witness_is_larger_than_its_question) {
  auto letters = full_letters();
  BOOST_TEST(datagram_of_letter(letters[1]).size() <=
             datagram_of_letter(letters[0]).size());
  BOOST_TEST(datagram_of_letter(letters[3]).size() <=
             datagram_of_letter(letters[2]).size());
  actors::Growth all_there_is{some_head().sender,   9,  8,
                              store::leaf_hash({}), {}, Signature{}};
  auto datagram = datagram_of(all_there_is);
  BOOST_TEST(datagram.size() <= datagram_of_letter(letters[2]).size());
  BOOST_TEST(datagram.size() <= actors::told_frame_max);
}

BOOST_AUTO_TEST_CASE(what_is_no_letter_is_none) {
  Opener open;
  auto opened = must(open(datagram_of(actors::RosterRequest{1})));
  BOOST_TEST(!actors::read_witness_letter(*opened.frame).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
