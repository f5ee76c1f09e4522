// The commands of ppnctl that are about images.
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>

#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/image_documents.hpp"
#include "tools/ppnctl/image_find.hpp"
#include "tools/ppnctl/image_text.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

const std::string adding_id(32, 'a');
const std::string debian = "d00d" + std::string(60, '1');
const std::string other_debian = "beef" + std::string(60, '2');
const std::string kernel(64, 'c');

Json adding_json(std::uint64_t done) {
  return {{"id", adding_id},   {"name", "new\x1b"},  {"done", done},
          {"total", 4096},     {"failure", nullptr}, {"digest", nullptr},
          {"was_there", false}};
}

/// As it comes: numbers without a sign are such.
Json images_document(const Json& adding) {
  auto image = [](const std::string& digest, const char* name,
                  std::uint64_t size, const char* format, Json used_by) {
    return Json{{"digest", digest},
                {"name", name},
                {"size", size},
                {"format", format},
                {"used_by", std::move(used_by)}};
  };
  return Json::parse(Json{
      {"schema", "ppn.images.v1"},
      {"images",
       {image(kernel, "vmlinuz", 7, "raw", {"web", "db"}),
        image(debian, "debian-12", 1536, "qcow2", Json::array()),
        image(other_debian, "debian-12", 4096, "raw", Json::array())}},
      {"adding", adding}}.dump());
}

std::string images(const Json& adding = Json::array()) {
  return json_answer(images_document(adding).dump());
}

std::string adding(const Json& one) { return images(Json::array({one})); }

const std::string begun =
    http_answer("202 Accepted", "application/json",
                Json{{"schema", "ppn.image-add.v1"}, {"id", adding_id}}.dump());

std::vector<Image> all_images() {
  return read_images(images_document(Json::array()))->images;
}

Json body_of(const std::string& request) {
  return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_image)

// -- documents ---------------------------------------------------------------

BOOST_AUTO_TEST_CASE(images_need_their_fields) {
  auto document = images_document(Json::array({adding_json(1)}));
  BOOST_TEST(bool{read_images(document)});
  for (const char* path :
       {"/schema", "/images", "/images/0/digest", "/images/0/name",
        "/images/0/size", "/images/0/format", "/images/0/used_by", "/adding",
        "/adding/0/id", "/adding/0/name", "/adding/0/done", "/adding/0/total",
        "/adding/0/failure", "/adding/0/digest", "/adding/0/was_there"}) {
    Json::json_pointer pointer{path};
    auto without = document;
    without.at(pointer.parent_pointer()).erase(pointer.back());
    BOOST_TEST(!read_images(without), "without " << path);
    auto other = document;
    other.at(pointer) = 7.5;
    BOOST_TEST(!read_images(other), "with another kind of " << path);
  }
}

// -- names -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_is_found_by_name_or_digest) {
  auto all = all_images();
  BOOST_TEST(find_image(all, "vmlinuz")->digest == kernel);
  BOOST_TEST(find_image(all, kernel)->name == "vmlinuz");
  BOOST_TEST(find_image(all, "d00d")->digest == debian);
  BOOST_TEST(find_image(all, "beef2")->digest == other_debian);
}

BOOST_AUTO_TEST_CASE(an_image_that_is_not_there_can_be_added) {
  for (const char* nothing : {"d00", "d00d2", "debian", "", "c"}) {
    auto found = find_image(all_images(), nothing);
    BOOST_REQUIRE(!found);
    BOOST_TEST(found.error().code == exit_failed);
    BOOST_TEST(mentions(found.error().advice, "ppnctl image add FILE"));
  }
}

BOOST_AUTO_TEST_CASE(several_of_a_name_are_told_apart_by_their_digests) {
  auto found = find_image(all_images(), "debian-12");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == exit_usage);
  BOOST_TEST(found.error().advice ==
             "name the one by its digest: beef222222222222, d00d111111111111");
}

// -- text --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(images_are_a_table) {
  auto failed = adding_json(2);
  failed["failure"] = "it is no file";
  auto added = adding_json(4096);
  added["digest"] = debian;
  auto known = added;
  known["was_there"] = true;
  auto all =
      read_images(images_document({adding_json(1024), failed, added, known}));
  BOOST_REQUIRE(all);
  BOOST_TEST(images_text(*all) ==
             "image      digest            format  size     used by\n"
             "debian-12  beef222222222222  raw     4.0 KiB  -\n"
             "debian-12  d00d111111111111  qcow2   1.5 KiB  -\n"
             "vmlinuz    cccccccccccccccc  raw     7 bytes  web,db\n"
             "\n"
             "file  state\n"
             "new?  25% of 4.0 KiB\n"
             "new?  it is no file\n"
             "new?  added\n"
             "new?  was there already\n");
}

BOOST_AUTO_TEST_CASE(progress_is_a_bar) {
  ImageAdding adding{};
  adding.total = std::uint64_t{4} << 30U;
  BOOST_TEST(progress_text(adding, 0) ==
             "[....................]   0%  0 bytes of 4.0 GiB  0 bytes/s");
  adding.done = std::uint64_t{1} << 30U;
  BOOST_TEST(progress_text(adding, 1U << 20U) ==
             "[#####...............]  25%  1.0 GiB of 4.0 GiB  1.0 MiB/s");
  adding.done = adding.total;
  BOOST_TEST(
      progress_text(adding, 1).starts_with("[####################] 100%"));
  adding.done = adding.total + 1;
  BOOST_TEST(
      progress_text(adding, 1).starts_with("[####################] 100%"));
  adding.total = 0;
  BOOST_TEST(
      progress_text(adding, 1).starts_with("[....................]   0%"));
}

// -- add ---------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_is_added_and_followed_to_its_end) {
  auto done = adding_json(4096);
  done["digest"] = debian;
  FakeDaemon daemon{{{begun}, {adding(adding_json(0))}, {adding(done)}}};
  auto ran = run(daemon, {"image", "add", "some/disk.qcow2", "--name", "x"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == debian + "  new?\n");
  // Without a terminal nobody watches a bar.
  BOOST_TEST(ran.err.empty());
  auto request = daemon.requests().at(0);
  BOOST_TEST(request.starts_with("POST /v1/images "));
  BOOST_TEST(
      body_of(request) ==
      (Json{{"path",
             (std::filesystem::current_path() / "some/disk.qcow2").string()},
            {"name", "x"}}));
}

BOOST_AUTO_TEST_CASE(the_name_of_a_file_is_left_to_ppnd) {
  auto known = adding_json(4096);
  known["digest"] = debian;
  known["was_there"] = true;
  FakeDaemon daemon{{{begun}, {adding(known)}}};
  auto ran = run(daemon, {"image", "add", "/a/b"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.err == "it was there already\n");
  BOOST_TEST(body_of(daemon.requests().at(0)) == (Json{{"path", "/a/b"}}));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_added_is_a_failure) {
  auto failed = adding_json(2);
  failed["failure"] = "it is no file";
  FakeDaemon daemon{{{begun}, {adding(failed)}, {begun}, {images()}}};
  auto ran = run(daemon, {"image", "add", "/a/b", "--json"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(ran.err == "ppnctl: new? was not added: it is no file\n");
  auto line = Json::parse(ran.out);
  BOOST_TEST(line.at("schema") == "ppnctl.image-add.v1");
  BOOST_TEST(line.at("failure") == "it is no file");
  ran = run(daemon, {"image", "add", "/a/b"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err, "ppnd was started again"));
}

BOOST_AUTO_TEST_CASE(an_interrupt_keeps_nothing_from_being_added) {
  sigset_t interrupt{};
  sigset_t before{};
  ::sigemptyset(&interrupt);
  ::sigaddset(&interrupt, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  {
    FakeDaemon daemon{{{begun}, {adding(adding_json(1))}}};
    ::raise(SIGINT);
    auto ran = run(daemon, {"image", "add", "/a/b"});
    BOOST_TEST(ran.code == exit_interrupted);
    BOOST_TEST(mentions(ran.err, "it is added all the same\n"));
    BOOST_TEST(daemon.requests().size() == 2U);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// -- list and remove ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_list_is_one_document_or_a_table) {
  FakeDaemon daemon{{{images()}, {images()}}};
  BOOST_TEST(run(daemon, {"image", "list"}).out.starts_with("image  "));
  auto document = run(daemon, {"image", "list", "--json"});
  BOOST_TEST(Json::parse(document.out) == images_document(Json::array()));
}

BOOST_AUTO_TEST_CASE(an_image_is_removed_by_its_digest) {
  auto proposed = http_answer(
      "201 Created", "application/json",
      R"({"schema":"ppn.proposal.v1","id":")" + std::string(32, 'e') +
          R"(","change":{"kind":"image-remove"},"plan":["remove it"]})");
  auto committed =
      json_answer(R"({"schema":"ppn.commit.v1","proposal":"a","sequence":5})");
  FakeDaemon daemon{{{images()}, {proposed}, {committed}, {images()}}};
  BOOST_TEST(run(daemon, {"image", "remove", "d00d", "--yes"}).code == exit_ok);
  BOOST_TEST(body_of(daemon.requests().at(1)).at("change") ==
             (Json{{"kind", "image-remove"}, {"digest", debian}}));
  BOOST_TEST(run(daemon, {"image", "remove", "debian-12", "--yes"}).code ==
             exit_usage);
}

BOOST_AUTO_TEST_CASE(mistakes_are_found_before_anybody_is_asked) {
  FakeDaemon daemon{{}};
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"image"},
                                             {"image", "add"},
                                             {"image", "add", ""},
                                             {"image", "add", "a", "b"},
                                             {"image", "add", "a", "--watch"},
                                             {"image", "remove"}})
    BOOST_TEST(run(daemon, arguments).code == exit_usage);
  BOOST_TEST(daemon.requests().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
