// What a host records of a dispatch.
#include "events/dispatch.hpp"
#include "tests/unit/vm_record.hpp"

namespace ppn::tests {

namespace {

using events::Decision;
using events::Draft;
using events::Refusal;
using events::refusal_length_max;
using events::TakenDispatch;

const std::string some_stream = "dispatch/07070707070707070707070707070707";

Draft note(const std::string& text) {
  schema::NotedT noted;
  noted.text = text;
  Draft draft{"note", {}, 5};
  draft.payload.Set(std::move(noted));
  return draft;
}

std::vector<Draft> settled(Decision decision) {
  return drafts_of(events::settle(std::move(decision),
                                  TakenDispatch{vm_id(7), node_of(3), 42}));
}

schema::DispatchTakenT taken_of(const std::vector<Draft>& drafts) {
  const auto* taken = drafts.back().payload.AsDispatchTaken();
  BOOST_REQUIRE(taken != nullptr);
  return *taken;
}

/// What is recorded of a refusal.
std::string recorded(const std::string& reason) {
  return taken_of(settled(Refusal{reason})).refused;
}

/// Why that entry can not follow, or nothing.
std::string applied(const schema::DispatchTakenT& taken,
                    const std::string& stream, std::uint64_t version = 1) {
  store::Event event;
  event.stream = stream;
  event.payload.Set(schema::DispatchTakenT{taken});
  flatbuffers::FlatBufferBuilder builder;
  auto bytes =
      store::build_entry(builder, event, {1, {}, node_of(1), version}, {});
  events::State state;
  return events::apply(state, *must(store::check_entry(bytes))).value_or("");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dispatch_events)

BOOST_AUTO_TEST_CASE(each_dispatch_has_a_stream) {
  BOOST_TEST(events::dispatch_stream(vm_id(7)) == some_stream);
  BOOST_TEST(store::is_stream_name(some_stream));
}

BOOST_AUTO_TEST_CASE(what_is_done_is_recorded_together_with_the_dispatch) {
  std::vector<Draft> decided;
  decided.push_back(note("one"));
  decided.push_back(note("two"));
  auto drafts = settled(std::move(decided));
  BOOST_REQUIRE(drafts.size() == 3U);
  BOOST_TEST(drafts[0].payload.AsNoted()->text == "one");
  BOOST_TEST(drafts[1].payload.AsNoted()->text == "two");
  BOOST_TEST((drafts[1].follows == 5U));
  BOOST_TEST(drafts[2].stream == some_stream);
  BOOST_TEST((drafts[2].follows == 0U));
  auto taken = taken_of(drafts);
  BOOST_TEST(Id{*taken.request} == vm_id(7));
  BOOST_TEST(NodeId{*taken.controller} == node_of(3));
  BOOST_TEST(taken.sequence == 42U);
  BOOST_TEST(taken.refused == "");
}

BOOST_AUTO_TEST_CASE(where_nothing_is_to_be_done_it_was_done) {
  auto drafts = settled(std::vector<Draft>{});
  BOOST_REQUIRE(drafts.size() == 1U);
  BOOST_TEST(taken_of(drafts).refused == "");
}

BOOST_AUTO_TEST_CASE(of_a_refusal_nothing_else_is_recorded) {
  auto drafts = settled(Refusal{"there is no room"});
  BOOST_REQUIRE(drafts.size() == 1U);
  BOOST_TEST(drafts[0].stream == some_stream);
  BOOST_TEST((drafts[0].follows == 0U));
  BOOST_TEST(taken_of(drafts).refused == "there is no room");
}

BOOST_AUTO_TEST_CASE(a_refusal_without_a_reason_is_one) {
  BOOST_TEST(recorded("") == "no reason is given");
}

BOOST_AUTO_TEST_CASE(a_refusal_is_cut_where_it_is_too_long) {
  std::string most(refusal_length_max, 'x');
  BOOST_TEST(recorded(most) == most);
  BOOST_TEST(recorded(most + "y") == most);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_cut_between_two_letters) {
  const std::vector<std::string> letters{"\xc3\xa4", "\xe2\x82\xac",
                                         "\xf0\x9f\x90\x9f"};
  for (const auto& letter : letters)
    for (std::size_t inside = 1; inside < letter.size(); ++inside) {
      std::string before(refusal_length_max - inside, 'x');
      BOOST_TEST(recorded(before + letter + "x") == before);
    }
  for (const auto& letter : letters) {
    auto whole = std::string(refusal_length_max - letter.size(), 'x') + letter;
    BOOST_TEST(recorded(whole + letter) == whole);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_cut_all_the_same) {
  auto kept = recorded(std::string(refusal_length_max + 1, '\x80'));
  BOOST_TEST(kept == std::string(refusal_length_max - 3, '\x80'));
}

BOOST_AUTO_TEST_CASE(a_dispatch_is_taken_once_and_in_its_own_stream) {
  auto taken = taken_of(settled(Refusal{"no"}));
  BOOST_TEST(applied(taken, some_stream) == "");
  BOOST_TEST(applied(taken, some_stream, 2) ==
             "the dispatch was taken already");
  BOOST_TEST(applied(taken, events::dispatch_stream(vm_id(8))) ==
             "the dispatch has another stream");
}

BOOST_AUTO_TEST_CASE(a_recorded_refusal_is_not_too_long) {
  auto taken = taken_of(settled(Refusal{"no"}));
  taken.refused.assign(refusal_length_max, 'x');
  BOOST_TEST(applied(taken, some_stream) == "");
  taken.refused += 'x';
  BOOST_TEST(applied(taken, some_stream) == "the refusal is too long");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
