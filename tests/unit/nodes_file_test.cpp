// nodes.jsonl: a line for each change of the roster, and made anew when it
// says something else than the ledger.
#include "runtime/nodes_file.hpp"

#include <fstream>

#include "schema/reflection_json.hpp"
#include "store/files.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using runtime::node_line;
using runtime::NodesFile;
using schema::Json;

namespace {

struct InScratch {
  InScratch() : path(scratch / "nodes.jsonl") {}

  [[nodiscard]] std::string content() const {
    return must(store::read_file(path, 1'000'000));
  }
  void put(const std::string& text) const { std::ofstream{path} << text; }

  [[nodiscard]] std::string lines(std::size_t count) const {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += node_line(entries[i]);
    return text;
  }
  [[nodiscard]] std::vector<Bytes> part(std::size_t from,
                                        std::size_t to) const {
    return {entries.begin() + static_cast<std::ptrdiff_t>(from),
            entries.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  ScratchDirectory scratch;
  std::filesystem::path path;
  std::vector<Bytes> entries = mesh_of(4).entries();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(nodes_file, InScratch)

// -- lines -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_line_is_one_document_of_json) {
  auto line = node_line(entries[1]);
  BOOST_TEST(line.find('\n') == line.size() - 1);
  auto json = Json::parse(line);
  BOOST_TEST(json["schema"] == "ppn.node-change.v1");
  BOOST_TEST(json["ledger_index"] == 7U);
  BOOST_TEST(mentions(line, "node-2"));
}

/// But for the place in the ledger, it is the same on every node.
BOOST_AUTO_TEST_CASE(an_entry_that_was_taken_is_shown_as_its_author_made_it) {
  auto own = Json::parse(node_line(entries[1]));
  auto held = taken(entries[1], {node_of(2), 2, 5});
  BOOST_TEST(Json::parse(node_line(held)) == own);
}

// -- the file ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_begins_with_all_and_grows) {
  NodesFile file{path};
  must(file.append(part(0, 2)));
  BOOST_TEST(content() == lines(2));
  BOOST_TEST(file.lines() == 2U);
  must(file.append(part(2, 4)));
  BOOST_TEST(content() == lines(4));
  BOOST_TEST(file.lines() == 4U);
}

BOOST_AUTO_TEST_CASE(a_file_is_nobody_elses_to_read) {
  using std::filesystem::perms;
  must(NodesFile{path}.append(entries));
  BOOST_TEST((std::filesystem::status(path).permissions() ==
              (perms::owner_read | perms::owner_write)));
}

/// Nobody who follows it begins anew.
BOOST_AUTO_TEST_CASE(a_file_that_has_the_first_lines_gets_the_others) {
  must(NodesFile{path}.append(part(0, 2)));
  std::ifstream follower{path};
  must(NodesFile{path}.append(entries));
  std::string all{std::istreambuf_iterator<char>{follower}, {}};
  BOOST_TEST(all == lines(4));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_right_is_not_written) {
  must(NodesFile{path}.append(entries));
  auto then = std::filesystem::file_time_type{} + std::chrono::hours{1};
  std::filesystem::last_write_time(path, then);
  must(NodesFile{path}.append(entries));
  BOOST_TEST((std::filesystem::last_write_time(path) == then));
}

BOOST_AUTO_TEST_CASE(a_file_that_disagrees_is_made_anew) {
  auto whole = lines(4);
  auto changed = whole;
  changed[changed.size() / 2] ^= 1;
  for (const auto& text :
       {changed, whole + "{}\n", std::string{"\n"}, whole.substr(1)}) {
    put(text);
    must(NodesFile{path}.append(entries));
    BOOST_TEST(content() == whole);
  }
}

BOOST_AUTO_TEST_CASE(a_last_line_that_was_cut_off_is_made_anew) {
  auto whole = lines(4);
  for (auto size : {lines(3).size() + 1, whole.size() - 1, std::size_t{5}}) {
    put(whole.substr(0, size));
    must(NodesFile{path}.append(entries));
    BOOST_TEST(content() == whole);
  }
}

/// What it has by then is not known.
BOOST_AUTO_TEST_CASE(after_a_failure_all_is_compared_again) {
  NodesFile file{path};
  must(file.append(part(0, 2)));
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  BOOST_TEST(!file.append(part(2, 4)).ok());
  BOOST_TEST(file.lines() == 0U);
  std::filesystem::remove(path);
  must(file.append(entries));
  BOOST_TEST(content() == lines(4));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
