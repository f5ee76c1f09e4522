// HTTP as ppnctl writes and reads it, in whatever pieces it comes.
#include <boost/test/unit_test.hpp>

#include "tools/ppnctl/http.hpp"

namespace ppn::tests {

using namespace ctl;

namespace {

using Body = AnswerReader::Body;

const std::string plain =
    "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
    "Content-Length: 7\r\n\r\n{\"a\":1}";
const std::string chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";

/// Read in two pieces, the second beginning at `cut`.
Answer read_cut(const std::string& bytes, std::size_t cut) {
  AnswerReader reader{Body::whole};
  BOOST_TEST(!reader.take(bytes.substr(0, cut)));
  BOOST_TEST(!reader.is_done());
  BOOST_TEST(!reader.take(bytes.substr(cut)));
  BOOST_TEST(reader.is_done());
  return reader.answer();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ppnctl_http)

BOOST_AUTO_TEST_CASE(a_request_is_written) {
  BOOST_TEST(request_text({.target = "/v1/status"}) ==
             "GET /v1/status HTTP/1.1\r\nHost: ppn\r\n"
             "Connection: close\r\n\r\n");
  BOOST_TEST(request_text({.method = "POST", .target = "/x", .body = "{}"}) ==
             "POST /x HTTP/1.1\r\nHost: ppn\r\nConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  BOOST_TEST(request_text({.method = "POST", .target = "/x"})
                 .ends_with("Content-Length: 0\r\n\r\n"));
  BOOST_TEST(request_text({.target = "/x", .last_event_id = 7})
                 .find("Last-Event-ID: 7\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_answer_may_be_cut_anywhere) {
  for (std::size_t cut = 0; cut < plain.size(); ++cut) {
    auto answer = read_cut(plain, cut);
    BOOST_TEST(answer.status == 404U);
    BOOST_TEST(answer.content_type == "application/json");
    BOOST_TEST(answer.body == "{\"a\":1}");
  }
  for (std::size_t cut = 0; cut < chunked.size(); ++cut)
    BOOST_TEST(read_cut(chunked, cut).body == "abcdefg", cut);
}

BOOST_AUTO_TEST_CASE(an_answer_may_end_with_the_connection) {
  AnswerReader reader{Body::whole};
  BOOST_TEST(!reader.take("HTTP/1.1 200 OK\r\n\r\nabc"));
  BOOST_TEST(!reader.is_done());
  BOOST_TEST(!reader.take_end());
  BOOST_TEST(reader.is_done());
  BOOST_TEST(reader.answer().body == "abc");
}

BOOST_AUTO_TEST_CASE(an_answer_must_not_end_early) {
  for (std::size_t length = 0; length < plain.size(); ++length) {
    AnswerReader reader{Body::whole};
    BOOST_TEST(!reader.take(plain.substr(0, length)));
    BOOST_TEST(reader.take_end().has_value(), length);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_refused) {
  for (const char* bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    AnswerReader reader{Body::whole};
    BOOST_TEST(reader.take(bytes).has_value(), bytes);
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_large_is_refused_before_it_comes) {
  auto header = "HTTP/1.1 200 OK\r\nContent-Length: " +
                std::to_string(body_bytes_max + 1) + "\r\n\r\n";
  BOOST_TEST(AnswerReader{Body::whole}.take(header).has_value());
  BOOST_TEST(AnswerReader{Body::whole}
                 .take("HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a'))
                 .has_value());
}

BOOST_AUTO_TEST_CASE(an_endless_body_is_taken_piece_by_piece) {
  AnswerReader reader{Body::endless};
  BOOST_TEST(
      !reader.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  BOOST_TEST(reader.has_header());
  BOOST_TEST(reader.answer().body.empty());
  BOOST_TEST(!reader.take("3\r\nabc\r\n"));
  BOOST_TEST(reader.answer().body == "abc");
  BOOST_TEST(!reader.take("2\r\nd"));
  BOOST_TEST(!reader.take("e\r\n"));
  BOOST_TEST(reader.answer().body == "de");
  BOOST_TEST(!reader.is_done());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
