// What a witness makes of what it is told of another ledger.
#include "actors/witness_book.hpp"

#include <set>

#include "actors/frame.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/keys.hpp"
#include "tests/unit/tree_model.hpp"

namespace ppn::tests {

using actors::Accuse;
using actors::AskGrowth;
using actors::ForkStanding;
using actors::ForkTold;
using actors::Growth;
using actors::Vouch;
using actors::WitnessBook;
using actors::WitnessStep;
using store::SignedHead;

namespace {

std::vector<Hash> leaves_from(std::uint8_t first, std::size_t count) {
  std::vector<Hash> leaves(count);
  for (std::size_t i = 0; i < count; ++i) {
    leaves[i].bytes.fill(first);
    leaves[i].bytes.back() = static_cast<std::uint8_t>(i);
  }
  return leaves;
}

/// A ledger of number 3 that grows, and what was made of it later: another
/// history from entry 4 on.
struct Book {
  Book() : told(leaves_from(1, 40)), other(told) {
    auto rewritten = leaves_from(2, 40);
    std::copy(rewritten.begin() + 4, rewritten.end(), other.begin() + 4);
    events::Mesh mesh;
    mesh.members[node_of(1)].key = key_of_seed(1).public_key();
    mesh.members[liar].key = key_of_seed(2).public_key();
    mesh.members[node].key = key.public_key();
    BOOST_REQUIRE(book.set_members(mesh, node_of(1)).empty());
  }

  [[nodiscard]] SignedHead head(const std::vector<Hash>& leaves,
                                std::size_t size) const {
    store::TreeHead tree{size, model_root(Leaves{leaves}.first(size))};
    auto text = store::checkpoint_text(node, tree);
    return {tree, key.sign(store::as_bytes(text))};
  }

  [[nodiscard]] Growth growth(const std::vector<Hash>& leaves, std::size_t from,
                              std::size_t to) const {
    return {node, from, to, model_root(Leaves{leaves}.first(from)),
            model_proof(from, Leaves{leaves}.first(to))};
  }

  /// So that it is remembered.
  void know(const std::vector<Hash>& leaves, std::size_t size) {
    auto seen = head(leaves, size);
    BOOST_REQUIRE(std::holds_alternative<Vouch>(hear(seen)));
    book.note_vouched(node, seen, 7);
  }

  WitnessStep hear(const SignedHead& seen, bool is_from_itself = true) {
    now.since_boot_ns += actors::growth_asked_again_ns;
    return book.hear(node, seen, is_from_itself, now);
  }

  WitnessStep take(const Growth& grown) {
    return book.take(node, grown, {1}, now);
  }

  bool accuses(const WitnessStep& step) const {
    const auto* accused = std::get_if<Accuse>(&step);
    return accused != nullptr &&
           store::verify_fork_evidence(accused->evidence, key.public_key())
               .ok();
  }

  static bool is_nothing(const WitnessStep& step) {
    return std::holds_alternative<std::monostate>(step);
  }

  NodeId node = node_of(3);
  NodeId liar = node_of(2);
  store::SigningKey key = key_of_seed(3);
  std::vector<Hash> told;
  std::vector<Hash> other;
  WitnessBook book;
  store::ClockReading now{1'000'000'000, 1'000'000'000, true};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(witness_book)

BOOST_FIXTURE_TEST_CASE(the_first_head_of_a_ledger_is_vouched_for, Book) {
  auto step = hear(head(told, 5));
  const auto& vouch = std::get<Vouch>(step);
  BOOST_TEST((vouch.head == head(told, 5)));
  BOOST_TEST(!vouch.after);
}

BOOST_FIXTURE_TEST_CASE(a_head_that_its_node_did_not_sign_is_none, Book) {
  auto forged = head(told, 5);
  forged.head.size = 6;
  BOOST_TEST(is_nothing(hear(forged)));
}

BOOST_FIXTURE_TEST_CASE(a_larger_head_is_to_be_proved_and_then_vouched_for,
                        Book) {
  for (auto [from, to] : {std::pair{5U, 9U}, {8U, 9U}, {8U, 16U}, {7U, 40U}}) {
    Book fresh;
    fresh.know(told, from);
    auto asked = std::get<AskGrowth>(fresh.hear(head(told, to)));
    BOOST_TEST(asked.whom == node);
    BOOST_TEST(asked.what.from.head.size == from);
    BOOST_TEST(asked.what.to == to);
    auto vouch = std::get<Vouch>(fresh.take(growth(told, from, to)));
    BOOST_TEST((vouch.after == head(told, from).head));
    BOOST_TEST((vouch.head == head(told, to)));
  }
}

BOOST_FIXTURE_TEST_CASE(two_roots_of_one_size_are_a_fork, Book) {
  know(told, 9);
  BOOST_TEST(accuses(hear(head(other, 9))));
  BOOST_TEST(is_nothing(hear(head(told, 9))));
}

BOOST_FIXTURE_TEST_CASE(a_proof_of_another_history_is_a_fork, Book) {
  for (auto from : {5U, 8U, 9U}) {
    Book fresh;
    fresh.know(told, from);
    BOOST_TEST(std::holds_alternative<AskGrowth>(fresh.hear(head(other, 20))));
    BOOST_TEST(fresh.accuses(fresh.take(growth(other, from, 20))));
  }
}

BOOST_FIXTURE_TEST_CASE(a_history_that_was_rewritten_later_only_grew, Book) {
  know(told, 4);
  BOOST_TEST(std::holds_alternative<AskGrowth>(hear(head(other, 20))));
  BOOST_TEST(std::holds_alternative<Vouch>(take(growth(other, 4, 20))));
}

BOOST_FIXTURE_TEST_CASE(a_proof_that_proves_nothing_is_no_evidence, Book) {
  know(told, 9);
  BOOST_REQUIRE(std::holds_alternative<AskGrowth>(hear(head(told, 20))));
  auto wrong = growth(told, 9, 20);
  wrong.proof.front().bytes[0] ^= 1U;
  BOOST_TEST(is_nothing(take(wrong)));
  wrong = growth(told, 9, 20);
  wrong.root.bytes[0] ^= 1U;
  BOOST_TEST(is_nothing(take(wrong)));
  BOOST_TEST(is_nothing(take(growth(other, 9, 20))));
  BOOST_TEST(is_nothing(take(growth(told, 5, 20))));
  // And the true one is taken still.
  BOOST_TEST(std::holds_alternative<Vouch>(take(growth(told, 9, 20))));
}

BOOST_FIXTURE_TEST_CASE(only_its_node_proves_how_a_ledger_grew, Book) {
  know(told, 9);
  BOOST_REQUIRE(std::holds_alternative<AskGrowth>(hear(head(told, 20))));
  BOOST_TEST(is_nothing(book.take(liar, growth(told, 9, 20), {}, now)));
}

BOOST_FIXTURE_TEST_CASE(an_unanswered_question_is_asked_again_and_not_at_once,
                        Book) {
  know(told, 9);
  BOOST_REQUIRE(std::holds_alternative<AskGrowth>(hear(head(told, 20))));
  BOOST_TEST(book.ask_again(now).empty());
  now.since_boot_ns += 2 * actors::growth_asked_again_ns;
  BOOST_TEST(book.ask_again(now).size() == 1U);
  // Who does not answer is asked less and less often.
  now.since_boot_ns += 2 * actors::growth_asked_again_ns;
  BOOST_TEST(book.ask_again(now).empty());
}

BOOST_FIXTURE_TEST_CASE(what_others_tell_has_to_be_of_the_same_ledger, Book) {
  know(told, 20);
  auto asked = std::get<AskGrowth>(hear(head(told, 9), false));
  BOOST_TEST(asked.what.from.head.size == 9U);
  BOOST_TEST(asked.what.to == 20U);
  BOOST_TEST(is_nothing(take(growth(told, 9, 20))));
  BOOST_TEST(!book.all().at(node).is_open());
}

/// Each side sees a history that only grows, and never the same size.
BOOST_FIXTURE_TEST_CASE(a_view_that_is_split_is_found_by_what_others_tell,
                        Book) {
  for (auto size : {9U, 30U}) {
    Book fresh;
    fresh.know(told, 20);
    BOOST_REQUIRE(std::holds_alternative<AskGrowth>(
        fresh.hear(head(other, size), false)));
    // It goes on to prove its own, which answers nothing.
    BOOST_REQUIRE(
        std::holds_alternative<AskGrowth>(fresh.hear(head(told, 33))));
    BOOST_REQUIRE(
        std::holds_alternative<Vouch>(fresh.take(growth(told, 20, 33))));
    fresh.book.note_vouched(node, head(told, 33), 7);
    BOOST_TEST(fresh.book.all().at(node).is_open());
    // Whichever history it proves this from, it shows.
    BOOST_TEST(fresh.accuses(fresh.take(growth(told, size, 33))));
  }
}

BOOST_FIXTURE_TEST_CASE(a_proof_that_nobody_asked_for_is_none, Book) {
  know(told, 9);
  BOOST_TEST(is_nothing(take(growth(told, 9, 20))));
}

BOOST_FIXTURE_TEST_CASE(what_did_not_grow_is_vouched_for_anew_after_an_hour,
                        Book) {
  know(told, 9);
  BOOST_TEST(is_nothing(hear(head(told, 9))));
  now.utc_ns += 2'000 * 3'600'000'000'000;
  BOOST_TEST(std::holds_alternative<Vouch>(hear(head(told, 9))));
}

BOOST_FIXTURE_TEST_CASE(one_that_was_late_from_itself_accuses_nobody, Book) {
  know(told, 20);
  auto asked = std::get<AskGrowth>(hear(head(told, 9)));
  BOOST_TEST(asked.what.from.head.size == 20U);
  BOOST_TEST(is_nothing(take(growth(told, 20, 20))));
  now.since_boot_ns += actors::growth_asked_again_ns;
  BOOST_TEST(book.ask_again(now).empty());
}

BOOST_FIXTURE_TEST_CASE(a_node_that_has_less_than_it_signed_says_so, Book) {
  know(told, 20);
  BOOST_REQUIRE(std::holds_alternative<AskGrowth>(hear(head(told, 9))));
  Growth short_of{
      node, 20, 10, head(told, 10).head.root, {}, head(told, 10).signature};
  auto step = take(short_of);
  const auto& evidence = std::get<Accuse>(step).evidence;
  BOOST_TEST(!evidence.frame.empty());
  // Unless it did not sign that.
  short_of.signature = head(told, 9).signature;
  Book fresh;
  fresh.know(told, 20);
  BOOST_TEST(is_nothing(fresh.take(short_of)));
}

BOOST_FIXTURE_TEST_CASE(what_others_tell_of_a_fork_is_to_be_proved, Book) {
  know(told, 4);
  ForkTold fork{node, head(told, 9), head(other, 20), {}};
  auto asked = std::get<AskGrowth>(book.take(liar, fork, now));
  BOOST_TEST(asked.whom == liar);
  BOOST_TEST(asked.what.from.head.size == 9U);
  BOOST_TEST(asked.what.to == 20U);
  BOOST_TEST(accuses(book.take(liar, growth(other, 9, 20), {}, now)));
}

BOOST_FIXTURE_TEST_CASE(a_lie_about_a_fork_comes_to_nothing, Book) {
  know(told, 4);
  ForkTold honest{node, head(told, 9), head(told, 20), {}};
  BOOST_REQUIRE(
      std::holds_alternative<AskGrowth>(book.take(liar, honest, now)));
  BOOST_TEST(is_nothing(book.take(liar, growth(told, 9, 20), {}, now)));
  auto forged = ForkTold{node, head(told, 9), head(other, 9), {}};
  forged.second.signature = forged.first.signature;
  BOOST_TEST(is_nothing(book.take(liar, forged, now)));
  // An older head after a newer one is no wonder without its node's own word.
  ForkTold older{node, head(told, 20), head(told, 9), {}};
  BOOST_TEST(is_nothing(book.take(liar, older, now)));
  BOOST_TEST(
      accuses(book.take(liar, {node, head(told, 9), head(other, 9), {}}, now)));
}

BOOST_FIXTURE_TEST_CASE(nothing_more_is_vouched_for_while_a_fork_stands, Book) {
  know(told, 9);
  book.set_standing(node, ForkStanding::stands);
  BOOST_TEST(is_nothing(hear(head(told, 20))));
  BOOST_TEST(is_nothing(hear(head(other, 9))));
  BOOST_TEST(book.ask_again(now).empty());
}

BOOST_FIXTURE_TEST_CASE(what_was_acknowledged_is_told_in_vain, Book) {
  know(other, 20);
  book.set_standing(node, ForkStanding::acknowledged);
  book.note_accepted(node, 20);
  BOOST_TEST(is_nothing(
      book.take(liar, {node, head(told, 9), head(other, 20), {}}, now)));
  BOOST_TEST(is_nothing(
      book.take(liar, {node, head(told, 9), head(other, 9), {}}, now)));
}

BOOST_FIXTURE_TEST_CASE(an_accepted_node_begins_with_what_it_says_itself,
                        Book) {
  know(told, 20);
  BOOST_REQUIRE(std::holds_alternative<AskGrowth>(hear(head(told, 33))));
  book.accept(node, 9);
  BOOST_TEST(!book.all().at(node).is_open());
  BOOST_TEST(is_nothing(hear(head(told, 35), false)));
  auto vouch = std::get<Vouch>(hear(head(other, 10)));
  BOOST_TEST(!vouch.after);
  book.note_vouched(node, head(other, 10), 7);
  // What others still hold against it is accepted.
  BOOST_TEST(is_nothing(hear(head(told, 33), false)));
  // And what it does after that is not.
  BOOST_TEST(std::holds_alternative<AskGrowth>(hear(head(told, 36))));
  BOOST_TEST(accuses(take(growth(told, 10, 36))));
}

BOOST_FIXTURE_TEST_CASE(what_would_not_fit_a_frame_is_no_evidence, Book) {
  know(told, 20);
  BOOST_REQUIRE(std::holds_alternative<AskGrowth>(hear(head(told, 9))));
  Growth short_of{
      node, 20, 10, head(told, 10).head.root, {}, head(told, 10).signature};
  BOOST_TEST(is_nothing(
      book.take(node, short_of, Bytes(actors::told_frame_max + 1), now)));
  short_of.proof.emplace_back();
  BOOST_TEST(is_nothing(take(short_of)));
}

BOOST_FIXTURE_TEST_CASE(what_an_earlier_life_remembered_is_gone_on_from, Book) {
  auto note = store::note_of(head(told, 9), node, key.public_key());
  book.recall(node, store::format_note(note));
  BOOST_TEST((book.all().at(node).kept == head(told, 9)));
  BOOST_TEST(accuses(hear(head(other, 9))));
}

BOOST_FIXTURE_TEST_CASE(who_is_no_member_any_more_is_forgotten, Book) {
  know(told, 9);
  events::Mesh mesh;
  mesh.members[node_of(1)].key = key_of_seed(1).public_key();
  auto gone = book.set_members(mesh, node_of(1));
  BOOST_TEST(gone.size() == 2U);
  BOOST_TEST(is_nothing(hear(head(told, 9))));
}

BOOST_FIXTURE_TEST_CASE(heads_are_told_in_pages, Book) {
  events::Mesh mesh;
  for (std::uint32_t number = 1; number <= 9; ++number)
    mesh.members[node_of(number)].key = key.public_key();
  book.set_members(mesh, node_of(1));
  for (std::uint32_t number = 2; number <= 9; ++number) {
    store::TreeHead tree{number, {}};
    auto text = store::checkpoint_text(node_of(number), tree);
    book.note_vouched(node_of(number), {tree, key.sign(store::as_bytes(text))},
                      1);
  }
  std::set<NodeId> all;
  NodeId after;
  actors::Heads page;
  for (int pages = 0; pages < 2; ++pages) {
    page = book.heads_after(after, node_of(2));
    for (const auto& one : page.heads) all.insert(one.node);
    after = page.heads.back().node;
  }
  BOOST_TEST(page.is_last);
  BOOST_TEST(all.size() == 7U);
  BOOST_TEST(!all.contains(node_of(2)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
