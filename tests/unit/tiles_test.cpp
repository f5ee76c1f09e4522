// How a log lies in files: names, widths and bundles.
#include "store/tiles.hpp"

#include "store/record.hpp"
#include "tests/support/random.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using store::bundle_path;
using store::ErrorCode;
using store::tile_path;
using store::tile_width;
using store::tiles_of_level;

namespace {

/// Indexes and widths in one line, as in "0:256 1:7".
std::string tiles_in_words(std::uint8_t level, std::uint64_t size) {
  std::string words;
  for (const auto& tile : tiles_of_level(level, size))
    words += (words.empty() ? "" : " ") + std::to_string(tile.index) + ":" +
             std::to_string(tile.width);
  return words;
}

Bytes bundle_of(const std::vector<Bytes>& records) {
  Bytes bundle;
  for (const auto& record : records) store::add_to_bundle(bundle, record);
  return bundle;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tiles)

// -- paths -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_index_is_written_in_groups_of_three_digits) {
  BOOST_TEST(tile_path(0, {0}) == "tile/0/000");
  BOOST_TEST(tile_path(0, {7}) == "tile/0/007");
  BOOST_TEST(tile_path(0, {999}) == "tile/0/999");
  BOOST_TEST(tile_path(0, {1'000}) == "tile/0/x001/000");
  BOOST_TEST(tile_path(0, {999'999}) == "tile/0/x999/999");
  BOOST_TEST(tile_path(0, {1'000'000}) == "tile/0/x001/x000/000");
  // The example of tlog-tiles.md.
  BOOST_TEST(tile_path(3, {1'234'067}) == "tile/3/x001/x234/067");
  BOOST_TEST(bundle_path({1'234'067}) == "tile/entries/x001/x234/067");
}

BOOST_AUTO_TEST_CASE(a_partial_tile_says_its_width) {
  BOOST_TEST(tile_path(1, {0, 1}) == "tile/1/000.p/1");
  BOOST_TEST(tile_path(0, {273, 255}) == "tile/0/273.p/255");
  BOOST_TEST(bundle_path({1'234'067, 8}) == "tile/entries/x001/x234/067.p/8");
  BOOST_TEST(bundle_path({5, tile_width}) == "tile/entries/005");
}

// -- widths ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_empty_tree_has_no_tiles) {
  for (std::uint8_t level = 0; level < store::tile_levels; ++level)
    BOOST_TEST(tiles_of_level(level, 0).empty());
}

BOOST_AUTO_TEST_CASE(the_last_tile_of_a_level_may_be_partial) {
  BOOST_TEST(tiles_in_words(0, 1) == "0:1");
  BOOST_TEST(tiles_in_words(0, 255) == "0:255");
  BOOST_TEST(tiles_in_words(0, 256) == "0:256");
  BOOST_TEST(tiles_in_words(0, 257) == "0:256 1:1");
  BOOST_TEST(tiles_in_words(0, 700) == "0:256 1:256 2:188");
}

BOOST_AUTO_TEST_CASE(a_level_begins_with_its_first_complete_node) {
  BOOST_TEST(tiles_in_words(1, 255).empty());
  BOOST_TEST(tiles_in_words(1, 256) == "0:1");
  BOOST_TEST(tiles_in_words(1, 700) == "0:2");
  BOOST_TEST(tiles_in_words(1, 65'536) == "0:256");
  BOOST_TEST(tiles_in_words(2, 65'535).empty());
  BOOST_TEST(tiles_in_words(2, 65'536) == "0:1");
  // The example of tlog-tiles.md.
  BOOST_TEST(tiles_of_level(0, 70'000).size() == 274U);
  BOOST_TEST(tiles_of_level(0, 70'000).back().width == 112U);
  BOOST_TEST(tiles_in_words(1, 70'000) == "0:256 1:17");
  BOOST_TEST(tiles_in_words(2, 70'000) == "0:1");
  BOOST_TEST(tiles_in_words(3, 70'000).empty());
}

BOOST_AUTO_TEST_CASE(high_levels_hold_of_the_largest_tree_what_is_complete) {
  constexpr auto largest = ~std::uint64_t{0};
  BOOST_TEST(tiles_in_words(7, largest) == "0:255");
  BOOST_TEST(tiles_in_words(7, std::uint64_t{1} << 56U) == "0:1");
  BOOST_TEST(tiles_in_words(7, (std::uint64_t{1} << 56U) - 1).empty());
}

BOOST_AUTO_TEST_CASE(a_tile_of_a_level_covers_8_levels_of_the_tree) {
  for (std::uint8_t level = 0; level < store::tile_levels; ++level) {
    auto node = store::node_in_tile(level, 3, 5);
    BOOST_TEST(static_cast<int>(node.level) == 8 * level);
    BOOST_TEST(node.index == 3 * 256U + 5U);
  }
}

// -- bundles -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_record_stands_behind_its_length) {
  BOOST_TEST(to_hex(bundle_of({{0xaa, 0xbb}, {}, Bytes(258, 1)})) ==
             "0002aabb"
             "0000"
             "0102" +
                 to_hex(Bytes(258, 1)));
}

BOOST_AUTO_TEST_CASE(a_bundle_gives_back_its_records) {
  Random random{seed_or(20260103)};
  for (std::size_t width : {0U, 1U, 2U, 100U, 256U}) {
    std::vector<Bytes> records(width);
    for (auto& record : records)
      record.assign(random.below(700),
                    static_cast<std::uint8_t>(random.below(256)));
    auto bundle = bundle_of(records);
    auto parsed = must(store::parse_bundle(bundle, width));
    BOOST_REQUIRE(parsed.size() == width);
    for (std::size_t i = 0; i < width; ++i)
      BOOST_TEST(to_hex(parsed[i]) == to_hex(records[i]));
    BOOST_TEST(
        is_error(store::parse_bundle(bundle, width + 1), ErrorCode::bad_input));
    if (width > 0)
      BOOST_TEST(is_error(store::parse_bundle(bundle, width - 1),
                          ErrorCode::bad_input));
  }
}

BOOST_AUTO_TEST_CASE(the_largest_record_fits) {
  auto bundle = bundle_of({Bytes(store::max_record_size, 7), {1}});
  auto parsed = must(store::parse_bundle(bundle, 2));
  BOOST_TEST(parsed[0].size() == store::max_record_size);
  BOOST_TEST(to_hex(parsed[1]) == "01");
}

BOOST_AUTO_TEST_CASE(a_bundle_that_is_cut_short_is_refused) {
  auto bundle = bundle_of({Bytes(5, 1), Bytes(9, 2)});
  for (std::size_t size = 0; size < bundle.size(); ++size)
    BOOST_TEST(is_error(store::parse_bundle(ByteView{bundle}.first(size), 2),
                        ErrorCode::bad_input),
               "size " << size);
  bundle.push_back(0);
  BOOST_TEST(is_error(store::parse_bundle(bundle, 2), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
