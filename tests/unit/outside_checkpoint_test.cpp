// The checkpoint that is kept beside the database.
#include "store/outside_checkpoint.hpp"

#include <sys/stat.h>

#include "store/note.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace fs = std::filesystem;

using store::ErrorCode;
using store::OutsideCheckpointFile;

BOOST_AUTO_TEST_SUITE(outside_checkpoint)

BOOST_AUTO_TEST_CASE(at_first_there_is_none) {
  ScratchDirectory scratch;
  OutsideCheckpointFile outside{scratch / "checkpoint"};
  BOOST_TEST(is_error(outside.read(), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(the_last_one_written_is_read) {
  ScratchDirectory scratch;
  OutsideCheckpointFile outside{scratch / "checkpoint"};
  must(outside.write("the first, which is longer\n"));
  must(outside.write("the second\n"));
  BOOST_TEST(must(outside.read()) == "the second\n");
  OutsideCheckpointFile again{scratch / "checkpoint"};
  BOOST_TEST(must(again.read()) == "the second\n");
}

BOOST_AUTO_TEST_CASE(it_is_for_the_owner_only) {
  ScratchDirectory scratch;
  OutsideCheckpointFile outside{scratch / "checkpoint"};
  must(outside.write("note\n"));
  struct stat status {};
  BOOST_REQUIRE(::stat((scratch / "checkpoint").c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_one_before) {
  ScratchDirectory scratch;
  OutsideCheckpointFile outside{scratch / "checkpoint"};
  must(outside.write("note\n"));
  fs::create_directory(scratch / "checkpoint.new");
  BOOST_TEST(is_error(outside.write("another\n"), ErrorCode::io));
  BOOST_TEST(must(outside.read()) == "note\n");
}

BOOST_AUTO_TEST_CASE(what_is_larger_than_a_note_is_not_read) {
  ScratchDirectory scratch;
  OutsideCheckpointFile outside{scratch / "checkpoint"};
  must(outside.write(std::string(store::max_note_size, 'x')));
  must(outside.read());
  must(outside.write(std::string(store::max_note_size + 1, 'x')));
  BOOST_TEST(is_error(outside.read(), ErrorCode::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
