// The commands of ppnctl that found, change and carry a mesh.
#include <boost/test/unit_test.hpp>
#include <sodium.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <iterator>

#include "actors/mesh_file.hpp"
#include "store/recovery.hpp"
#include "tests/unit/expect.hpp"
#include "tests/unit/ppnctl_run.hpp"
#include "tools/ppnctl/mesh_change.hpp"
#include "tools/ppnctl/mesh_file.hpp"
#include "tools/ppnctl/recovery_words.hpp"
#include "tools/ppnctl/text.hpp"

namespace ppn::tests {

using namespace ctl;
using schema::Json;

namespace {

const std::string proposal_id(32, 'a');
const std::string mesh_file = "ppn-mesh-v1\nAAAA\nBBBB\n";

std::string proposed(const std::string& kind) {
  return http_answer("201 Created", "application/json",
                     R"({"schema":"ppn.proposal.v1","id":")" + proposal_id +
                         R"(","change":{"kind":")" + kind +
                         R"("},"plan":["x"]})");
}
const std::string committed =
    json_answer(R"({"schema":"ppn.commit.v1","proposal":"a","sequence":5})");
const std::string rejected =
    json_answer(R"({"schema":"ppn.reject.v1","proposal":"a"})");

std::string problem(const std::string& type) {
  return http_answer(
      "409 Conflict", "application/problem+json",
      R"({"type":"urn:ppn:problem:)" + type + R"(","detail":"the cause"})");
}

/// What was proposed.
Json change_in(const std::string& request) {
  auto body = request.substr(request.find("\r\n\r\n") + 4);
  return Json::parse(body).at("change");
}

PublicKey public_half_of(const std::string& words) {
  std::array<std::uint8_t, recovery_seed_size> seed{};
  auto fault = decode_recovery_words(words, seed);
  BOOST_REQUIRE_MESSAGE(!fault, fault->what);
  PublicKey half;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret{};
  crypto_sign_seed_keypair(half.bytes.data(), secret.data(), seed.data());
  return half;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_mesh)

// -- changes -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mesh_is_founded_with_what_was_asked_for) {
  MeshInitOptions options{};
  PublicKey key;
  BOOST_TEST(init_change(options, key).dump() ==
             R"({"kind":"mesh-init","name":"mesh","range":"10.8.0.0/24",)"
             R"("recovery_key":")" +
                 key.hex() + "\"}");
  options.range6 = "fd00::/64";
  options.endpoints = {"192.0.2.1:5"};
  BOOST_TEST(
      init_change(options, key)
          .dump()
          .ends_with(R"("range6":"fd00::/64","endpoints":["192.0.2.1:5"]})"));
}

BOOST_AUTO_TEST_CASE(changes_of_members_say_no_more_than_was_asked_for) {
  BOOST_TEST(import_change({"-", {}, {}}, "text").dump() ==
             R"({"kind":"mesh-import","file":"text"})");
  BOOST_TEST(import_change({"-", {"192.0.2.1:5"}, {}}, "text").dump() ==
             R"({"kind":"mesh-import","file":"text",)"
             R"("endpoints":["192.0.2.1:5"]})");
  BOOST_TEST(replace_change({"old", {"-", {}, {}}}, "text").dump() ==
             R"({"kind":"mesh-import","file":"text","replaces":"old"})");
  BOOST_TEST(remove_change({"nas", "sold", false, {}}).dump() ==
             R"({"kind":"mesh-remove","node":"nas","reason":"sold"})");
  BOOST_TEST(remove_change({"nas", "sold", true, {}}).dump() ==
             R"({"kind":"mesh-remove","node":"nas","reason":"sold",)"
             R"("force":true})");
  BOOST_TEST(move_role_change({"hub", "nas", {}}).dump() ==
             R"({"kind":"mesh-move-role","role":"hub","to":"nas"})");
  BOOST_TEST(rotate_key_change({}).dump() == R"({"kind":"mesh-rotate-key"})");
  BOOST_TEST(rotate_key_change({true, false, {}}).dump() ==
             R"({"kind":"mesh-rotate-key","force":true})");
  BOOST_TEST(endpoints_change({"nas", {}, {}}).dump() ==
             R"({"kind":"mesh-endpoints","node":"nas"})");
  BOOST_TEST(endpoints_change({"nas", {"[::1]:5"}, {}}).dump() ==
             R"({"kind":"mesh-endpoints","node":"nas",)"
             R"("endpoints":["[::1]:5"]})");
}

BOOST_AUTO_TEST_CASE(arguments_reach_the_change) {
  FakeDaemon daemon{{{problem("refused")}, {problem("refused")}}};
  BOOST_TEST(run(daemon, {"mesh", "set-endpoint", "nas", "[2001:db8::1]:5",
                          "192.0.2.1:5", "--yes"})
                 .code == exit_refused);
  BOOST_TEST(run(daemon, {"mesh", "init", "--endpoint", "[2001:db8::1]:5",
                          "--endpoint", "192.0.2.1:5", "home", "--yes"})
                 .code == exit_refused);
  for (const auto& request : daemon.requests())
    BOOST_TEST(change_in(request).at("endpoints").dump() ==
               R"(["[2001:db8::1]:5","192.0.2.1:5"])");
  BOOST_TEST(change_in(daemon.requests().at(1)).at("name") == "home");
}

// -- recover -----------------------------------------------------------------

namespace {

/// The words of a key, in a file, and the mesh that it recovers.
struct Recovering {
  Recovering() { write(words); }

  void write(const std::string& text) const { std::ofstream{file} << text; }

  [[nodiscard]] Json document() const {
    auto member = [](const char* digit, const char* name, Json roles,
                     bool is_self) {
      return Json{{"node", std::string(32, digit[0])},
                  {"name", name},
                  {"roles", std::move(roles)},
                  {"key", std::string(64, digit[0])},
                  {"self", is_self}};
    };
    return {{"schema", "ppn.mesh.v1"},
            {"mesh",
             {{"id", std::string(32, '1')},
              {"name", "home"},
              {"recovery_key", public_half_of(words).hex()},
              {"next_epoch", 3},
              {"member", true},
              {"members",
               {member("2", "cloud", Json::array(), true),
                member("3", "nas", {"authority", "hub"}, false)}}}}};
  }

  std::string words =
      "lusab babad gutih tugad gutuk bisog mudof sakat haguz "
      "biram mabiv gibot natag lisaf tibup zujah vulus\n";
  ScratchDirectory scratch;
  std::string file = (scratch / "words").string();
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_mesh_is_recovered_with_its_words, Recovering) {
  FakeDaemon daemon{{{json_answer(document().dump())},
                     {proposed("mesh-recover")},
                     {committed}}};
  auto ran =
      run(daemon, {"mesh", "recover", "--words-file", file.c_str(), "--yes"});
  BOOST_TEST(ran.code == exit_ok, ran.err);
  auto requests = daemon.requests();
  BOOST_REQUIRE(requests.size() == 3U);
  auto change = change_in(requests[1]);
  BOOST_TEST(change.at("epoch") == 3);
  schema::RecoveryStatement statement{
      *Id::parse_hex(std::string(32, '1')), 3,
      *NodeId::parse_hex(std::string(32, '2')),
      *PublicKey::parse_hex(std::string(64, '2'))};
  BOOST_TEST(store::is_wanted(
      public_half_of(words), statement,
      *Signature::parse_hex(change.at("signature").get<std::string>())));
  // Nothing of the words leaves the program.
  auto told = ran.out + ran.err;
  for (const auto& request : requests) told += request;
  for (const auto& word : split(words.substr(0, words.size() - 1), ' '))
    BOOST_TEST(!mentions(told, word), word);
  auto here = "  ppnctl --socket " + daemon.path() + " mesh ";
  BOOST_TEST(mentions(ran.out,
                      "cloud is the authority of home now, in epoch "
                      "3\nnext, if nas is lost or in wrong hands:\n" +
                          here + "move-role hub NODE\n" + here +
                          "remove nas\n"));
}

BOOST_FIXTURE_TEST_CASE(wrong_words_are_refused_before_anything, Recovering) {
  auto refused = [&](const std::string& text, int code,
                     const std::string& what) {
    write(text);
    FakeDaemon daemon{{{json_answer(document().dump())}}};
    auto ran =
        run(daemon, {"mesh", "recover", "--words-file", file.c_str(), "--yes"});
    BOOST_TEST(ran.code == code);
    BOOST_TEST(mentions(ran.err, what), ran.err);
    BOOST_TEST(daemon.requests().size() == 1U);
  };
  auto typo = words;
  typo.replace(typo.find("mudof"), 5, "mudef");
  refused(typo, exit_usage, "word 7, 'mudef', is none of a recovery key");
  typo.replace(typo.find("mudef"), 5, "mudog");
  refused(typo, exit_usage, "the last word does not fit the others");
  refused("", exit_usage, "has 17 words, and these are 0");
  refused(std::string(5000, 'x'), exit_usage, "is longer than 4096 bytes");
  std::array<std::uint8_t, recovery_seed_size> other{1};
  refused(recovery_words_text(encode_recovery_words(other)), exit_refused,
          "but not of that of the mesh home");
}

BOOST_FIXTURE_TEST_CASE(who_is_no_member_recovers_nothing, Recovering) {
  auto ran = [&](const Json& answer) {
    FakeDaemon daemon{{{json_answer(answer.dump())}}};
    return run(daemon,
               {"mesh", "recover", "--words-file", file.c_str(), "--yes"});
  };
  auto removed = document();
  removed["mesh"]["member"] = false;
  BOOST_TEST(ran(removed).code == exit_refused);
  auto none = ran({{"schema", "ppn.mesh.v1"}, {"mesh", nullptr}});
  BOOST_TEST(none.code == exit_refused);
  BOOST_TEST(mentions(none.err, "this node is in no mesh"));
  for (const char* path :
       {"/mesh/id", "/mesh/recovery_key", "/mesh/next_epoch", "/mesh/members",
        "/mesh/members/0/node", "/mesh/members/0/key"}) {
    auto broken = document();
    broken[Json::json_pointer{path}] = "7";
    BOOST_TEST(ran(broken).code == exit_failed, path);
  }
}

/// Neither are the words on the command line, nor is consent taken for granted.
BOOST_FIXTURE_TEST_CASE(without_a_terminal_all_must_be_said, Recovering) {
  FakeDaemon daemon{{{json_answer(document().dump())}}};
  BOOST_TEST(
      run(daemon, {"mesh", "recover", "--words-file", file.c_str()}).code ==
      exit_usage);
  auto ran = run(daemon, {"mesh", "recover", "--yes"});
  BOOST_TEST(ran.code == exit_usage);
  BOOST_TEST(mentions(ran.err, "--words-file FILE"));
  BOOST_TEST(run(daemon, {"mesh", "recover", "lusab", "--yes"}).code ==
             exit_usage);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_shown) {
  FakeDaemon daemon{{{problem("refused")}}};
  auto ran = run(daemon, {"mesh", "remove", "nas", "--yes"});
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(ran.err == "ppnctl: the cause\n");
}

// -- init --------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_recovery_key_is_shown_and_never_sent) {
  FakeDaemon daemon{{{proposed("mesh-init")}, {committed}}};
  auto ran = run(daemon, {"mesh", "init", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.err == "a commit will:\n  x\n");
  auto begin = ran.out.find("\n\n  ") + 2;
  auto words = ran.out.substr(begin, ran.out.find("\n\n", begin) - begin);
  auto requests = daemon.requests();
  BOOST_TEST(change_in(requests.at(0)).at("recovery_key").get<std::string>() ==
             public_half_of(words).hex());
  BOOST_TEST(requests.at(1).starts_with("POST /v1/proposals/" + proposal_id +
                                        "/commit "));
  BOOST_TEST(ran.out.ends_with("ppnctl mesh import mesh.roster\n"));
  BOOST_TEST(mentions(ran.out, "  ppnctl --socket " + daemon.path() +
                                   " mesh import laptop.mesh\n"));
}

BOOST_AUTO_TEST_CASE(a_program_gets_the_words_before_the_commit) {
  FakeDaemon daemon{{{proposed("mesh-init")}, {committed}}};
  auto ran = run(daemon, {"--json", "mesh", "init", "--yes"});
  BOOST_TEST(ran.code == exit_ok);
  auto end = ran.out.find('\n');
  auto shown = Json::parse(ran.out.substr(0, end));
  BOOST_TEST(Json::parse(ran.out.substr(end)).at("schema") == "ppn.commit.v1");
  std::string words;
  for (const auto& word : shown.at("recovery_words"))
    words += word.get<std::string>() + ' ';
  BOOST_TEST(shown.at("recovery_key").get<std::string>() ==
             public_half_of(words).hex());
}

BOOST_AUTO_TEST_CASE(words_without_a_mesh_are_worthless) {
  FakeDaemon daemon{{{proposed("mesh-init")}, {problem("refused")}}};
  auto ran = run(daemon, {"mesh", "init", "--yes"});
  BOOST_TEST(ran.code == exit_refused);
  BOOST_TEST(ran.err.ends_with(
      "no mesh was founded: the words above are worthless\n"));
}

BOOST_AUTO_TEST_CASE(words_are_kept_while_the_outcome_is_open) {
  FakeDaemon daemon{{{proposed("mesh-init")}, {}}};
  auto ran = run(daemon, {"mesh", "init", "--yes"});
  BOOST_TEST(ran.code == exit_failed);
  BOOST_TEST(mentions(ran.err, "\nkeep the words above until "));
}

BOOST_AUTO_TEST_CASE(words_that_nobody_read_found_no_mesh) {
  FakeDaemon daemon{{{proposed("mesh-init")}, {rejected}}};
  auto socket = daemon.path();
  std::array<const char*, 6> arguments{"ppnctl", "--socket", socket.c_str(),
                                       "mesh",   "init",     "--yes"};
  int code = 0;
  {
    Redirected output{STDOUT_FILENO, "/dev/full"};
    code = CommandLine{"1"}.run(arguments.size(), arguments.data());
  }
  BOOST_TEST(code == exit_failed);
  BOOST_TEST(daemon.requests().at(1).starts_with("POST /v1/proposals/" +
                                                 proposal_id + "/reject "));
}

BOOST_AUTO_TEST_CASE(no_key_is_shown_for_a_mesh_that_can_not_be) {
  FakeDaemon daemon{{{problem("bad-request")}}};
  auto ran = run(daemon, {"mesh", "init", "--range", "x", "--yes"});
  BOOST_TEST(ran.code == exit_usage);
  BOOST_TEST(ran.out.empty());
}

// -- export ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_mesh_is_written_to_a_file) {
  ScratchDirectory scratch;
  auto path = (scratch / "mesh").string();
  auto answer = http_answer("200 OK", "text/plain", mesh_file);
  FakeDaemon daemon{{{answer}, {answer}}};
  auto ran = run(daemon, {"mesh", "export", path.c_str()});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out == "wrote " + path + ": 2 records\n");
  BOOST_TEST(text_of(path) == mesh_file);
  BOOST_TEST(run(daemon, {"mesh", "export"}).out == mesh_file);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_there_stays_as_it_is) {
  ScratchDirectory scratch;
  auto path = (scratch / "mesh").string();
  std::ofstream{path} << "mine";
  BOOST_REQUIRE(write_mesh_file(path, mesh_file, false));
  BOOST_TEST(text_of(path) == "mine");
  BOOST_TEST(!write_mesh_file(path, mesh_file, true));
  BOOST_TEST(text_of(path) == mesh_file);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{scratch / ""},
                           {}) == 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_never_replaced) {
  ScratchDirectory scratch;
  auto link = scratch / "link";
  std::filesystem::create_symlink("/dev/null", link);
  BOOST_TEST(bool{write_mesh_file(link.string(), mesh_file, true)});
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(bool{write_mesh_file((scratch / "").string(), mesh_file, true)});
  BOOST_TEST(
      bool{write_mesh_file((scratch / "none/mesh").string(), mesh_file, true)});
}

// -- import ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_file_is_proposed_and_what_follows_is_said) {
  ScratchDirectory scratch;
  auto path = (scratch / "mesh").string();
  std::ofstream{path} << mesh_file;
  FakeDaemon daemon{{{proposed("mesh-add")},
                     {committed},
                     {proposed("mesh-import")},
                     {committed}}};
  auto added = run(daemon, {"mesh", "import", path.c_str(), "--yes"});
  BOOST_TEST(added.code == exit_ok);
  BOOST_TEST(mentions(added.out, "ppnctl mesh export mesh.roster\n"));
  auto taken = run(daemon, {"mesh", "import", path.c_str(), "--yes"});
  BOOST_TEST(taken.out == "committed, up to entry 5\n");
  BOOST_TEST(change_in(daemon.requests().at(0)).at("file") == mesh_file);
}

BOOST_AUTO_TEST_CASE(only_files_of_export_are_read) {
  BOOST_TEST(mentions(mesh_file, std::string{actors::mesh_file_header}));
  ScratchDirectory scratch;
  auto path = (scratch / "mesh").string();
  for (const std::string& text :
       {std::string{}, std::string{"root:x:0:0\n"}, mesh_file + '\x80'}) {
    std::ofstream{path} << text;
    auto read = read_mesh_file(path);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().code == exit_usage);
  }
  std::ofstream{path} << mesh_file;
  auto read = read_mesh_file(path);
  BOOST_REQUIRE(read);
  BOOST_TEST(*read == mesh_file);
}

BOOST_AUTO_TEST_CASE(a_file_has_an_end) {
  ScratchDirectory scratch;
  auto path = (scratch / "mesh").string();
  std::ofstream{path} << mesh_file
                      << std::string(mesh_file_bytes_max - mesh_file.size(),
                                     'A');
  BOOST_TEST(bool{read_mesh_file(path)});
  std::ofstream{path, std::ios::app} << 'A';
  auto read = read_mesh_file(path);
  BOOST_REQUIRE(!read);
  BOOST_TEST(mentions(read.error().what, "is larger than 700 KiB"));
  BOOST_TEST(!read_mesh_file((scratch / "none").string()));
  BOOST_TEST(!read_mesh_file((scratch / "").string()));
}

// -- looking -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(peers_that_are_down_decide_the_exit_code) {
  auto peers = [](const char* problem, const char* path, bool is_up) {
    return json_answer(
        R"({"schema":"ppn.peers.v1","interface":"ppn0","implementation":"",)"
        R"("problem":)" +
        std::string{problem} +
        R"(,"public_key":null,"rotation":null,"listen_port":0,"addresses":[],"time":null,)"
        R"("peers":[{"name":"nas","address":"10.8.0.2","public_key":"",)"
        R"("path":")" +
        path +
        R"(","path_why":null,"path_since":null,"called_at":null,"tried":[],"up":)" +
        (is_up ? "true" : "false") +
        R"(,"why":"off","endpoint":null,"latest_handshake":null,)"
        R"("received_bytes":0,"sent_bytes":0,"keepalive_seconds":0,)"
        R"("allowed":[],"since":null}]})");
  };
  FakeDaemon daemon{{{peers("null", "direct", true)},
                     {peers("null", "via hub", false)},
                     {peers("null", "direct", false)},
                     {peers("null", "direct", false)},
                     {peers("\"bad\"", "direct", true)}}};
  BOOST_TEST(run(daemon, {"peers"}).code == exit_ok);
  BOOST_TEST(run(daemon, {"peers"}).code == exit_ok);
  BOOST_TEST(run(daemon, {"peers", "--json"}).code == exit_degraded);
  auto checked = run(daemon, {"peers", "--check"});
  BOOST_TEST(checked.code == exit_degraded);
  BOOST_TEST(checked.out == "nas is down: off\n");
  BOOST_TEST(run(daemon, {"peers", "--check"}).out == "ppn0: bad\n");
}

BOOST_AUTO_TEST_CASE(a_node_without_a_mesh_is_no_failure) {
  auto none = json_answer(R"({"schema":"ppn.mesh.v1","mesh":null})");
  FakeDaemon daemon{{{none}, {none}}};
  auto ran = run(daemon, {"mesh", "show"});
  BOOST_TEST(ran.code == exit_ok);
  BOOST_TEST(ran.out.starts_with("this node is in no mesh\n"));
  BOOST_TEST(run(daemon, {"mesh", "show", "--json"}).out ==
             "{\"schema\":\"ppn.mesh.v1\",\"mesh\":null}\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
