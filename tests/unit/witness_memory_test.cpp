// What a node remembers of others' ledgers, in files.
#include "store/witness_memory.hpp"

#include <sys/stat.h>

#include "store/files.hpp"
#include "store/note.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using store::ErrorCode;
using store::WitnessFolder;
using Notes = store::WitnessMemory::Notes;

namespace {

const NodeId a = of_hex<NodeId>("000102030405060708090a0b0c0d0e0f");
const NodeId b = of_hex<NodeId>("101112131415161718191a1b1c1d1e1f");

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

struct Folder {
  ScratchDirectory scratch;
  fs::path path = scratch / "witness";
  WitnessFolder memory{path};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(witness_memory, Folder)

BOOST_AUTO_TEST_CASE(at_first_nothing_is_remembered_and_nothing_made) {
  BOOST_TEST(must(memory.heads()).empty());
  BOOST_TEST(must(memory.cosigned()).empty());
  must(memory.forget_head(a));
  must(memory.forget_cosigned(a));
  BOOST_TEST(!fs::exists(path));
}

BOOST_AUTO_TEST_CASE(the_last_note_of_each_node_is_remembered) {
  must(memory.keep_head(a, "the first, which is longer\n"));
  must(memory.keep_head(a, "the second\n"));
  must(memory.keep_head(b, "of b\n"));
  Notes due{{a, "the second\n"}, {b, "of b\n"}};
  BOOST_TEST((must(memory.heads()) == due));
  BOOST_TEST((must(WitnessFolder{path}.heads()) == due));
}

BOOST_AUTO_TEST_CASE(heads_and_cosigned_notes_are_kept_apart) {
  must(memory.keep_head(a, "head\n"));
  must(memory.keep_cosigned(a, "cosigned\n"));
  BOOST_TEST((must(memory.heads()) == Notes{{a, "head\n"}}));
  BOOST_TEST((must(memory.cosigned()) == Notes{{a, "cosigned\n"}}));
  must(memory.forget_head(a));
  BOOST_TEST(must(memory.heads()).empty());
  BOOST_TEST((must(memory.cosigned()) == Notes{{a, "cosigned\n"}}));
  must(memory.forget_cosigned(a));
  BOOST_TEST(must(memory.cosigned()).empty());
}

BOOST_AUTO_TEST_CASE(notes_are_for_the_owner_only) {
  must(memory.keep_head(a, "head\n"));
  BOOST_TEST(mode_of(path) == 0700U);
  BOOST_TEST(mode_of(path / "heads") == 0700U);
  BOOST_TEST(mode_of(path / "heads" / a.hex()) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_one_before) {
  must(memory.keep_head(a, "note\n"));
  fs::create_directory(path / "heads" / (a.hex() + ".new"));
  BOOST_TEST(is_error(memory.keep_head(a, "another\n"), ErrorCode::io));
  BOOST_TEST((must(memory.heads()) == Notes{{a, "note\n"}}));
}

BOOST_AUTO_TEST_CASE(files_of_other_names_are_left_alone) {
  must(memory.keep_head(a, "note\n"));
  auto upper = b.hex();
  for (auto& c : upper) c = static_cast<char>(std::toupper(c));
  for (const auto& name :
       {std::string{"README"}, b.hex() + ".new", b.hex().substr(1),
        b.hex() + "00", upper, std::string{"101112131415161718191a1b1c1d1e1g"}})
    must(
        store::replace_file(path / "heads" / name, store::as_bytes("?"), 0600));
  BOOST_TEST((must(memory.heads()) == Notes{{a, "note\n"}}));
  must(memory.forget_head(b));
  BOOST_TEST(fs::exists(path / "heads/README"));
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_a_note_is_not_read) {
  must(memory.keep_head(a, std::string(store::max_note_size, 'x')));
  must(memory.heads());
  must(memory.keep_head(a, std::string(store::max_note_size + 1, 'x')));
  auto error = error_of(memory.heads());
  BOOST_TEST(error.code == ErrorCode::bad_input);
  BOOST_TEST(mentions(error.message, a.hex()));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_none_is_told) {
  must(store::replace_file(path, store::as_bytes("?"), 0600));
  BOOST_TEST(is_error(memory.heads(), ErrorCode::io));
  BOOST_TEST(!memory.keep_head(a, "note\n").ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
