// The file that nodes exchange: records go in and come out, and nothing else
// comes in.
#include "actors/mesh_file.hpp"

#include "tests/support/roster_author.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

using actors::read_mesh_file;
using actors::write_mesh_file;
using store::ErrorCode;
using namespace std::string_literals;

namespace {

const std::string head = std::string{actors::mesh_file_header} + "\n";

/// Why a text is no such file.
std::string complaint(const std::string& text) {
  auto read = read_mesh_file(text);
  BOOST_TEST(is_error(read, ErrorCode::bad_input));
  return error_of(read).message;
}

Bytes record_of(const Bytes& entry) {
  auto record = entry;
  record.resize(record.size() + Signature::size);
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mesh_file)

BOOST_AUTO_TEST_CASE(records_come_out_as_they_went_in) {
  std::vector<Bytes> records{{1}, {0, 255, 3}, Bytes(65'535, 7)};
  BOOST_TEST((must(read_mesh_file(write_mesh_file(records))) == records));
}

BOOST_AUTO_TEST_CASE(each_record_is_a_line_of_text) {
  BOOST_TEST(write_mesh_file({{1, 2, 3}, {4}}) == "ppn-mesh-v1\nAQID\nBA==\n");
}

BOOST_AUTO_TEST_CASE(a_file_has_a_record) {
  BOOST_TEST(complaint("") == "the file holds no record");
  BOOST_TEST(complaint(head) == "the file holds no record");
}

BOOST_AUTO_TEST_CASE(the_first_line_names_the_format) {
  for (const auto& first : {"ppn-mesh-v2\n"s, "\n"s, " ppn-mesh-v1\n"s,
                            "ppn-mesh-v1\r\n"s, "AQID\n"s})
    BOOST_TEST(complaint(first + "AQID\n") ==
               "line 1: this is no file of `ppnctl mesh export`");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_cut_off_is_refused_with_its_line) {
  auto whole = head + "AQID\nBAUG\n";
  for (auto size = head.size(); size < whole.size() - 1; ++size)
    if (whole[size] != '\n' && whole[size - 1] != '\n')
      BOOST_TEST(mentions(complaint(whole.substr(0, size)), "was cut off"));
  BOOST_TEST(
      mentions(complaint(whole.substr(0, whole.size() - 1)), "line 3: "));
}

BOOST_AUTO_TEST_CASE(a_line_is_a_record_in_base64) {
  for (const auto& line : {""s, "AQI"s, "AQID "s, "AQID\r"s, "A*ID"s, "AR=="s,
                           "AQID\0"s, "# AQID"s})
    BOOST_TEST(complaint(head + "AQID\n" + line + "\n") ==
               "line 3: this is no record in base64");
}

BOOST_AUTO_TEST_CASE(an_introduction_begins_with_an_identity) {
  schema::NodeInitialisedT founded;
  founded.identity = std::make_unique<schema::IdentityT>();
  founded.identity->key = std::make_unique<schema::PublicKey>();
  founded.identity->schema_digest = std::make_unique<schema::Hash>();
  auto identity = entry_at({node_of(1), 1, 0, "node"}, std::move(founded));
  auto roster = mesh_of(1).entries().front();
  BOOST_TEST(actors::is_introduction({record_of(identity), record_of(roster)}));
  BOOST_TEST(
      !actors::is_introduction({record_of(roster), record_of(identity)}));
  BOOST_TEST(!actors::is_introduction({{1, 2, 3}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
