// What one controller gives to the next, as bytes: built, and opened whoever
// made them.
#include "actors/inheritance_document.hpp"

#include "actors/frame.hpp"
#include "events/stored_fleet.hpp"
#include "schema/inheritance_generated.h"
#include "tests/unit/fleet_record.hpp"

namespace ppn::tests {

using actors::build_inheritance;
using actors::document_max;
using actors::open_inheritance;
using events::Fleet;
using store::ErrorCode;

namespace {

const NodeId giver = node_of(2);

events::FleetGuest some_guest(std::uint64_t number) {
  return {node_of(1),  "guest-" + std::to_string(number), "acme", {"db", "web"},
          small_needs, {image_digest(1), image_digest(2)}};
}

Fleet some_fleet(std::uint64_t guests = 2) {
  Fleet fleet;
  fleet.hosts[node_of(1)].is_drained = true;
  fleet.hosts[node_of(3)].is_reserved = true;
  fleet.quotas["acme"] = {3, 4096, {}};
  fleet.quotas["other"].vcpus = 0;
  for (std::uint64_t i = 1; i <= guests; ++i)
    fleet.guests[numbered(i)] = some_guest(i);
  return fleet;
}

schema::InheritanceDocumentT unpacked(const Bytes& bytes) {
  schema::InheritanceDocumentT document;
  schema::GetInheritanceDocument(bytes.data())->UnPackTo(&document);
  return document;
}

Bytes packed(const schema::InheritanceDocumentT& document) {
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishInheritanceDocumentBuffer(
      builder, schema::CreateInheritanceDocument(builder, &document));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

/// One that a controller built, changed by hand.
Bytes changed(
    const std::function<void(schema::InheritanceDocumentT&)>& change) {
  auto document = unpacked(build_inheritance(some_fleet(), 9));
  change(document);
  return packed(document);
}

auto is_damaged(const Bytes& bytes) {
  return is_error(open_inheritance(bytes, giver), ErrorCode::damaged);
}

/// Many guests, of which the bytes have the labels and images once.
Bytes said_of_many(std::uint32_t guests) {
  flatbuffers::FlatBufferBuilder builder;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < events::labels_max; ++i)
    texts.push_back(std::string(62, 'y') + static_cast<char>('a' + i));
  auto labels = builder.CreateVectorOfStrings(texts);
  auto name = builder.CreateString("web");
  std::vector<flatbuffers::Offset<schema::FleetGuestState>> tables;
  for (std::uint32_t i = 1; i <= guests; ++i) {
    auto vm = numbered(i).stored();
    auto node = node_of(1).stored();
    tables.push_back(schema::CreateFleetGuestState(
        builder, &vm, &node, name, 0, labels, small_needs.memory_mb,
        small_needs.vcpus, small_needs.disk_mb));
  }
  schema::FinishInheritanceDocumentBuffer(
      builder, schema::CreateInheritanceDocument(builder, 9, 0,
                                                 builder.CreateVector(tables)));
  return {builder.GetBufferPointer(),
          builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(inheritance_document)

BOOST_AUTO_TEST_CASE(what_is_given_is_what_comes) {
  auto fleet = some_fleet();
  auto legacy = must(open_inheritance(build_inheritance(fleet, 9), giver));
  BOOST_TEST((legacy.from == giver));
  BOOST_TEST(legacy.size == 9U);
  BOOST_TEST((legacy.hosts == fleet.hosts));
  BOOST_TEST((legacy.guests == fleet.guests));
  BOOST_TEST((legacy.quotas == fleet.quotas));
}

BOOST_AUTO_TEST_CASE(of_an_empty_fleet_too) {
  auto legacy = must(open_inheritance(build_inheritance({}, 1), giver));
  BOOST_TEST(legacy.size == 1U);
  BOOST_TEST(legacy.hosts.empty());
  BOOST_TEST(legacy.guests.empty());
  BOOST_TEST(legacy.quotas.empty());
}

BOOST_AUTO_TEST_CASE(hosts_of_which_nobody_decided_anything_are_left_out) {
  auto fleet = some_fleet();
  fleet.hosts[node_of(1)] = {true, false, true, 7, 3, true};
  fleet.hosts[node_of(4)] = {false, false, true, 7, 3, false};
  auto legacy = must(open_inheritance(build_inheritance(fleet, 9), giver));
  BOOST_TEST(legacy.hosts.size() == 2U);
  // Nor is it known to anybody else who was silent.
  events::FleetHost drained;
  drained.is_drained = true;
  BOOST_TEST((legacy.hosts.at(node_of(1)) == drained));
}

BOOST_AUTO_TEST_CASE(guests_that_may_not_be_there_are_left_out) {
  auto fleet = some_fleet(3);
  events::FleetRequest placement{node_of(1), numbered(1), true};
  events::FleetRequest order{node_of(1), numbered(2)};
  events::FleetRequest done{node_of(1), numbered(3), true};
  done.outcome = schema::RequestOutcome::done;
  fleet.requests = {{request_of(1), placement},
                    {request_of(2), order},
                    {request_of(3), done}};
  auto legacy = must(open_inheritance(build_inheritance(fleet, 9), giver));
  BOOST_TEST(legacy.guests.size() == 2U);
  BOOST_TEST(!legacy.guests.contains(numbered(1)));
}

BOOST_AUTO_TEST_CASE(of_too_many_guests_some_are_left_out) {
  constexpr std::uint64_t plenty = 8000;
  auto fleet = some_fleet(plenty);
  auto bytes = build_inheritance(fleet, 9);
  BOOST_TEST(bytes.size() <= document_max);
  BOOST_TEST(bytes.size() > document_max / 10 * 9);
  auto legacy = must(open_inheritance(bytes, giver));
  BOOST_TEST(legacy.guests.size() < plenty);
  BOOST_TEST((legacy.hosts == fleet.hosts));
  BOOST_TEST((legacy.quotas == fleet.quotas));
  for (const auto& [vm, guest] : legacy.guests)
    BOOST_TEST_REQUIRE((guest == fleet.guests.at(vm)));
}

// -- what is refused ----------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_no_controller_can_have_left_is_damaged) {
  BOOST_TEST(!is_damaged(changed([](auto&) {})));
  BOOST_TEST(is_damaged(changed([](auto& all) { all.size = 0; })));
  BOOST_TEST(is_damaged(changed(
      [](auto& all) { *all.hosts.front()->node = *all.hosts.back()->node; })));
  BOOST_TEST(is_damaged(changed(
      [](auto& all) { *all.guests.front()->vm = *all.guests.back()->vm; })));
  BOOST_TEST(is_damaged(
      changed([](auto& all) { all.guests.front()->name = "../web"; })));
  BOOST_TEST(
      is_damaged(changed([](auto& all) { all.guests.front()->owner = "-"; })));
  BOOST_TEST(
      is_damaged(changed([](auto& all) { all.guests.front()->vcpus = 0; })));
  BOOST_TEST(is_damaged(
      changed([](auto& all) { all.guests.front()->memory_mb = ~0ULL; })));
  BOOST_TEST(is_damaged(changed([](auto& all) {
    all.guests.front()->labels = {"b", "a"};
  })));
  BOOST_TEST(is_damaged(changed([](auto& all) {
    all.guests.front()->labels.assign(events::labels_max + 1, "a");
  })));
  BOOST_TEST(is_damaged(changed([](auto& all) {
    std::swap(all.guests.front()->images[0], all.guests.front()->images[1]);
  })));
  BOOST_TEST(
      is_damaged(changed([](auto& all) { all.quotas.front()->owner = "A"; })));
  BOOST_TEST(
      is_damaged(changed([](auto& all) { all.quotas.front()->none = true; })));
  BOOST_TEST(is_damaged(changed([](auto& all) {
    all.quotas.front()->owner = all.quotas.back()->owner;
  })));
}

BOOST_AUTO_TEST_CASE(what_stands_there_once_is_not_of_many) {
  BOOST_TEST(open_inheritance(said_of_many(1), giver).ok());
  auto refused = open_inheritance(said_of_many(500), giver);
  BOOST_TEST(error_of(refused).message == "it says more than there is in it");
}

BOOST_AUTO_TEST_CASE(whatever_bit_is_wrong_it_is_read_within_its_bounds) {
  auto bytes = build_inheritance(some_fleet(), 9);
  std::size_t refused = 0;
  std::size_t opened = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto legacy = open_inheritance(with_bit_flipped(bytes, bit), giver);
    ++(legacy ? opened : refused);
    if (!legacy) continue;
    BOOST_TEST_REQUIRE(legacy->guests.size() <= 2U);
    for (const auto& [vm, guest] : legacy->guests)
      BOOST_TEST_REQUIRE(events::can_be(guest.needs));
  }
  BOOST_TEST(refused > 0U);
  // Ids are as good as any others.
  BOOST_TEST(opened > 0U);
}

BOOST_AUTO_TEST_CASE(what_is_cut_off_is_damaged) {
  auto bytes = build_inheritance(some_fleet(), 9);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_TEST_REQUIRE(is_damaged(
        {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}));
}

// -- what is told of it -------------------------------------------------------

namespace {

Bytes datagram_of(const actors::FrameBody& body) {
  return actors::seal(actors::build_frame({}, body), {});
}

}  // namespace

BOOST_AUTO_TEST_CASE(that_it_is_asked_for_and_given_is_told_in_frames) {
  store::AlignedBytes aligned;
  auto asked =
      must(actors::open_frame(datagram_of(actors::FleetQuestion{}), aligned));
  BOOST_TEST((asked.frame->body_as_FleetQuestion() != nullptr));
  auto given = must(actors::open_frame(
      datagram_of(actors::Inheritance{image_digest(7), 9}), aligned));
  const auto* stored = given.frame->body_as_Inheritance();
  BOOST_REQUIRE(stored != nullptr);
  auto read = actors::read_inheritance(*stored);
  BOOST_TEST(read.document == image_digest(7));
  BOOST_TEST(read.size == 9U);
}

BOOST_AUTO_TEST_CASE(one_of_no_possible_size_is_not_told) {
  store::AlignedBytes aligned;
  auto told = [&](std::size_t size) {
    return actors::open_frame(
        datagram_of(actors::Inheritance{image_digest(7),
                                        static_cast<std::uint32_t>(size)}),
        aligned);
  };
  BOOST_TEST(told(document_max).ok());
  BOOST_TEST(is_error(told(0), ErrorCode::damaged));
  BOOST_TEST(is_error(told(document_max + 1), ErrorCode::damaged));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
