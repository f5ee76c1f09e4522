// Entries as documents and lines show them.
#include "schema/entry_text.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using schema::Json;

namespace {

Bytes added(std::uint32_t number) {
  auto author = mesh_of(number);
  return author.entries().back();
}

Json document_of(const Bytes& entry) {
  store::AlignedBytes aligned;
  auto view = aligned.assign(entry);
  must(store::check_entry(view));
  return schema::entry_document({}, view);
}

Json document_with(const Bytes& held) {
  return document_of(taken(held, {node_of(7), 2}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(entry_text)

BOOST_AUTO_TEST_CASE(what_was_taken_shows_what_it_holds) {
  auto entry = added(2);
  auto document = document_with(entry);
  BOOST_TEST(document["payload_type"] == "RosterEntryTaken");
  BOOST_TEST(document["node"] == node_of(7).hex());
  BOOST_TEST(document["payload"]["entry"] == to_hex(entry));
  const auto& holds = document["holds"];
  auto own = document_of(entry);
  BOOST_TEST(holds == own);
  BOOST_TEST(holds["payload_type"] == "MemberAdded");
  BOOST_TEST(holds["payload"]["member"]["name"] == "node-2");
}

BOOST_AUTO_TEST_CASE(a_line_says_what_was_taken_and_from_whom) {
  auto line = schema::entry_line(document_with(added(2)));
  BOOST_TEST(mentions(line, "RosterEntryTaken"));
  BOOST_TEST(mentions(
      line, "MemberAdded={member={node=" + node_of(2).hex() + " name=node-2"));
  BOOST_TEST(mentions(line, "node=" + node_of(1).hex() + " time=1970-"));
  BOOST_TEST(!mentions(line, to_hex(added(2))));
}

BOOST_AUTO_TEST_CASE(what_holds_nothing_shows_itself) {
  auto document = document_of(added(2));
  BOOST_TEST(!document.contains("holds"));
  BOOST_TEST(mentions(schema::entry_line(document), "member={node="));
}

/// Nobody has looked at it before.
BOOST_AUTO_TEST_CASE(what_is_no_entry_stays_bytes) {
  auto entry = added(2);
  for (std::size_t size = 0; size < entry.size(); size += 3) {
    auto document = document_with(
        {entry.begin(), entry.begin() + static_cast<std::ptrdiff_t>(size)});
    BOOST_TEST(!document.contains("holds"));
    BOOST_TEST(mentions(schema::entry_line(document), "entry="));
  }
  for (std::size_t bit = 0; bit < entry.size() * 8; ++bit)
    schema::entry_line(document_with(with_bit_flipped(entry, bit)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
