// Documents and images over real sockets of this host: what is given, what is
// believed, and what an interrupted fetch goes on from.
#include "runtime/bulk_tcp.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "runtime/bulk_consoles.hpp"
#include "runtime/bulk_server.hpp"
#include "runtime/bulk_wire.hpp"
#include "store/files.hpp"
#include "store/hash.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/expect.hpp"

namespace ppn::tests {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using actors::BytesPtr;
using actors::ImageKept;
using asio::ip::tcp;
using runtime::BulkAnswer;
using runtime::BulkKind;
using runtime::BulkRequest;
using runtime::BulkStatus;
using runtime::ImageStore;
using runtime::TcpBulk;
using schema::DiskFormat;
using store::ErrorCode;

/// Where the port of the test listens, and where somebody else does.
const char* const own_here = "127.0.0.2";
const char* const other_here = "127.0.0.3";
const char* const nobody_here = "127.0.0.5";
const char* const controller_here = "127.0.0.6";
const char* const second_here = "127.0.0.7";
const std::optional<events::IpAddress> no_controller;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

std::string some_content(std::size_t size) {
  std::string content(size, '\0');
  std::generate(content.begin(), content.end(),
                [at = std::uint32_t{0}]() mutable {
                  return static_cast<char>(at++ * 2'654'435'761U >> 24U);
                });
  return content;
}

Hash digest_of(std::string_view content) {
  return store::sha256(store::as_bytes(content));
}

std::uint16_t free_port() {
  asio::io_context io;
  tcp::acceptor acceptor{io, {asio::ip::make_address(own_here), 0}};
  return acceptor.local_endpoint().port();
}

/// A member that asks, with no more than a socket.
class Asker {
 public:
  Asker(std::uint16_t port, const std::string& from) : socket_(io_) {
    socket_.open(tcp::v4());
    socket_.bind({asio::ip::make_address(from), 0});
    socket_.connect({asio::ip::make_address(own_here), port}, error_);
  }

  [[nodiscard]] bool is_refused() const {
    return error_ == asio::error::connection_refused;
  }

  Asker& say(ByteView bytes) {
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()));
    return *this;
  }
  Asker& ask(BulkKind kind, const Hash& hash, std::uint64_t offset = 0) {
    return say(runtime::write_bulk_request({kind, hash, offset}));
  }
  Asker& ask_log(const Id& guest, std::uint64_t offset = 0) {
    return say(runtime::write_bulk_request({BulkKind::log, {}, offset, guest}));
  }
  Asker& ask_console(const Id& guest) {
    return say(runtime::write_bulk_request({BulkKind::console, {}, 0, guest}));
  }

  /// No more than so many bytes.
  Bytes hear_some(std::size_t size) {
    Bytes heard(size);
    heard.resize(asio::read(socket_, asio::buffer(heard), error_));
    return heard;
  }
  /// Of what stays open afterwards.
  BulkStatus hear_status_alone() {
    auto head = hear_some(runtime::bulk_answer_bytes);
    return must(runtime::read_bulk_answer(head)).status;
  }

  /// All that comes until the other side ends it.
  Bytes hear() {
    auto heard = hear_until_it_breaks();
    BOOST_TEST((error_ == asio::error::eof));
    return heard;
  }
  /// Also if nobody had taken the connection yet.
  Bytes hear_until_it_breaks() {
    Bytes heard;
    asio::read(socket_, asio::dynamic_buffer(heard), error_);
    return heard;
  }
  /// The same, and what stands before the bytes.
  std::pair<BulkAnswer, Bytes> hear_answer() {
    auto heard = hear();
    BOOST_REQUIRE(heard.size() >= runtime::bulk_answer_bytes);
    auto head = ByteView{heard}.first(runtime::bulk_answer_bytes);
    auto answer = must(runtime::read_bulk_answer(head));
    heard.erase(heard.begin(), heard.begin() + runtime::bulk_answer_bytes);
    return {answer, heard};
  }
  BulkStatus hear_status() { return hear_answer().first.status; }

  void say_no_more() { socket_.shutdown(tcp::socket::shutdown_send); }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  boost::system::error_code error_;
};

/// A member that is asked, and gives whatever the test wants.
class Giver {
 public:
  explicit Giver(std::uint16_t port)
      : acceptor_(io_, {asio::ip::make_address(other_here), port}) {}

  /// Answers the next one who asks, and closes. What it asked.
  BulkRequest give(const BulkAnswer& answer, std::string_view bytes = {}) {
    auto all =
        bytes_of(store::as_text(ByteView{runtime::write_bulk_answer(answer)}));
    all.insert(all.end(), bytes.begin(), bytes.end());
    return give_bytes(all);
  }
  BulkRequest give_bytes(const Bytes& bytes) {
    auto socket = acceptor_.accept();
    std::array<std::uint8_t, runtime::bulk_request_bytes> request{};
    asio::read(socket, asio::buffer(request));
    // Who does not want it all may be gone before its end.
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(bytes), ignored);
    return must(runtime::read_bulk_request(request));
  }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_;
};

/// The guests of a host: what each said, and a serial port for each.
class Guests {
 public:
  using Serial = asio::local::stream_protocol;

  static Id id(std::uint8_t number) {
    Id guest;
    guest.bytes.fill(number);
    return guest;
  }

  void says(const Id& guest, std::string_view text) {
    must(store::replace_file(log_of(guest), store::as_bytes(std::string{text}),
                             0600));
  }

  /// From now on it runs.
  void runs(const Id& guest) {
    port_of_.emplace(guest, Serial::acceptor{io_, {serial_of(guest).string()}});
  }
  /// Its side, once somebody is at its console.
  Serial::socket serial(const Id& guest) { return port_of_.at(guest).accept(); }

  [[nodiscard]] runtime::OwnConsoles consoles() const {
    return {[this](const Id& guest) -> store::Result<store::FileHandle> {
              store::FileHandle log{
                  ::open(log_of(guest).c_str(), O_RDONLY | O_CLOEXEC)};
              if (!log.open()) return store::system_error("open", "a log");
              return log;
            },
            [this](const Id& guest) -> store::Result<runtime::TakenSerial> {
              if (!fs::exists(serial_of(guest)))
                return store::Error{ErrorCode::not_found, "it does not run"};
              auto seat = taken->take(serial_of(guest));
              if (!seat)
                return store::Error{ErrorCode::locked, "somebody is there"};
              return runtime::TakenSerial{serial_of(guest), std::move(seat)};
            }};
  }

  /// Shared with whoever is at the host itself.
  const std::shared_ptr<runtime::TakenConsoles> taken =
      std::make_shared<runtime::TakenConsoles>();

  [[nodiscard]] fs::path serial_of(const Id& guest) const {
    return scratch_ / (guest.hex() + ".serial");
  }

 private:
  [[nodiscard]] fs::path log_of(const Id& guest) const {
    return scratch_ / (guest.hex() + ".log");
  }

  ScratchDirectory scratch_;
  asio::io_context io_;
  std::map<Id, Serial::acceptor> port_of_;
};

struct Quiet : caf::actor_system_config {
  Quiet() { set("logger.verbosity", caf::atom("quiet")); }
};

struct Rig {
  Rig() { listen(); }

  ~Rig() { caf::anon_send_exit(port, caf::exit_reason::kill); }

  void listen(const char* at = own_here) {
    say(actors::listen_atom::value, address(at), no_controller);
    await();
  }
  void obey(const char* controller) {
    say(actors::listen_atom::value, address(own_here),
        std::optional{address(controller)});
    await();
  }
  /// What was said before is done, since it is done in turn.
  void await() {
    BOOST_TEST(is_error(fetch(digest_of("x"), nobody_here), ErrorCode::io));
  }

  /// Each from an address of its own, so that those who have not ended yet are
  /// in nobody's way.
  std::unique_ptr<Asker> asker() {
    return std::make_unique<Asker>(number,
                                   "127.0.2." + std::to_string(++askers));
  }
  std::pair<BulkAnswer, Bytes> asked(BulkKind kind, const Hash& hash,
                                     std::uint64_t offset = 0) {
    return asker()->ask(kind, hash, offset).hear_answer();
  }
  BulkStatus status_of(BulkKind kind, const Hash& hash) {
    return asked(kind, hash).first.status;
  }

  void offer(const std::vector<std::string>& contents) {
    std::map<Hash, BytesPtr> documents;
    for (const auto& content : contents)
      documents[digest_of(content)] =
          std::make_shared<const Bytes>(bytes_of(content));
    say(actors::offer_atom::value,
        actors::DocumentsPtr{
            std::make_shared<const std::map<Hash, BytesPtr>>(documents)});
    await();
  }

  template <class... Words>
  void say(Words... words) {
    caf::anon_send(port, words...);
  }

  /// Meanwhile somebody may do something for it.
  template <class Answer, class... Words>
  store::Result<Answer> ask(const std::function<void()>& meanwhile,
                            Words... words) {
    std::optional<store::Result<Answer>> answer;
    auto pending = self->request(port, caf::infinite, words...);
    if (meanwhile) meanwhile();
    pending.receive(
        [&](const Answer& good) { answer = good; },
        [&](caf::error& error) { answer = actors::from_message(error); });
    return *answer;
  }

  store::Result<BytesPtr> fetch(const Hash& hash, const char* from = other_here,
                                const std::function<void()>& meanwhile = {}) {
    return ask<BytesPtr>(meanwhile, actors::fetch_atom::value, address(from),
                         hash);
  }

  store::Result<ImageKept> fetch_image(
      std::string_view content, const std::function<void()>& meanwhile = {},
      const char* from = other_here) {
    events::ImageOfGuest image{digest_of(content), "some", content.size(),
                               DiskFormat::raw};
    return ask<ImageKept>(
        meanwhile, actors::fetch_atom::value, address(from),
        actors::ImageOfGuestPtr{
            std::make_shared<const events::ImageOfGuest>(image)},
        fetch_id, caf::actor_cast<actors::ImageFollower>(follower));
  }

  /// What was told of a fetch last, and how often.
  std::pair<std::uint64_t, std::size_t> progress() {
    std::pair<std::uint64_t, std::size_t> told;
    while (!follower->mailbox().empty())
      follower->receive([&](actors::progress_atom, const Id& id,
                            std::uint64_t done, std::uint64_t total) {
        BOOST_TEST((id == fetch_id));
        BOOST_TEST(done <= total);
        told = {done, told.second + 1};
      });
    return told;
  }

  Hash add_image(std::string_view content) {
    std::string text{content};
    must(store::replace_file(scratch / "source", store::as_bytes(text), 0600));
    store::FileHandle file{
        ::open((scratch / "source").c_str(), O_RDONLY | O_CLOEXEC)};
    return must(images->add(file.get())).image.digest;
  }

  [[nodiscard]] fs::path part_of(std::string_view content) const {
    return scratch / "guests-dir/images/incoming" /
           (digest_of(content).hex() + ".part");
  }

  [[nodiscard]] std::string kept(std::string_view content) const {
    return must(
        store::read_file(*images->path_of(digest_of(content)), 1U << 26U));
  }

  const Id fetch_id{};
  ScratchDirectory scratch;
  std::shared_ptr<ImageStore> images =
      must(ImageStore::open(scratch / "guests-dir", ::getegid()));
  const std::uint16_t number = free_port();
  Quiet config;
  caf::actor_system system{config};
  Guests guests;
  std::unique_ptr<TcpBulk> tcp = std::make_unique<TcpBulk>(runtime::BulkParts{
      "lo", number,
      [this]() -> store::Result<std::shared_ptr<ImageStore>> { return images; },
      guests.consoles()});
  actors::BulkPort port =
      system.spawn([](TcpBulk::Port::stateful_pointer<TcpBulk::Asked> of,
                      TcpBulk* bulk) { return bulk->behaviour(of); },
                   tcp.get());
  caf::scoped_actor self{system};
  caf::scoped_actor follower{system};
  int askers = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bulk_tcp, Rig)

// -- what is given ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_document_is_given_by_its_hash) {
  offer({"a document", "another"});
  auto [answer, bytes] = asked(BulkKind::document, digest_of("a document"));
  BOOST_TEST((answer == BulkAnswer{BulkStatus::here, 10}));
  BOOST_TEST(bytes == bytes_of("a document"));
}

BOOST_AUTO_TEST_CASE(only_what_was_offered_last_is_given) {
  auto old_hash = digest_of("old");
  auto new_hash = digest_of("new");
  BOOST_TEST((status_of(BulkKind::document, old_hash) == BulkStatus::not_here));
  offer({"old"});
  BOOST_TEST((status_of(BulkKind::document, old_hash) == BulkStatus::here));
  offer({"new"});
  BOOST_TEST((status_of(BulkKind::document, old_hash) == BulkStatus::not_here));
  BOOST_TEST((status_of(BulkKind::document, new_hash) == BulkStatus::here));
  BOOST_TEST((status_of(BulkKind::image, new_hash) == BulkStatus::not_here));
}

BOOST_AUTO_TEST_CASE(an_image_is_given_as_long_as_it_is_kept) {
  auto content = some_content(300'000);
  auto digest = add_image(content);
  auto [answer, bytes] = asked(BulkKind::image, digest);
  BOOST_TEST((answer == BulkAnswer{BulkStatus::here, content.size()}));
  BOOST_TEST((bytes == bytes_of(content)));
  BOOST_TEST((status_of(BulkKind::document, digest) == BulkStatus::not_here));
  must(images->remove(digest));
  BOOST_TEST((status_of(BulkKind::image, digest) == BulkStatus::not_here));
}

BOOST_AUTO_TEST_CASE(what_is_given_begins_at_the_offset) {
  auto content = some_content(200'000);
  auto digest = add_image(content);
  offer({content});
  for (auto kind : {BulkKind::document, BulkKind::image})
    for (std::uint64_t offset :
         {std::uint64_t{1}, std::uint64_t{65'536}, std::uint64_t{199'999},
          std::uint64_t{200'000}, std::uint64_t{200'001}, ~std::uint64_t{0}}) {
      auto [answer, bytes] = asked(kind, digest, offset);
      BOOST_TEST((answer == BulkAnswer{BulkStatus::here, content.size()}));
      auto from = std::min<std::uint64_t>(offset, content.size());
      BOOST_TEST((bytes == bytes_of(std::string_view{content}.substr(from))));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_not_answered) {
  Bytes request(runtime::bulk_request_bytes, 'x');
  BOOST_TEST(asker()->say(request).hear().empty());
  auto half = asker();
  half->say(ByteView{request}.first(20)).say_no_more();
  BOOST_TEST(half->hear().empty());
}

BOOST_AUTO_TEST_CASE(who_asks_for_too_much_at_once_is_told_so) {
  auto status_for = [&](const char* from) {
    return Asker{number, from}
        .ask(BulkKind::document, digest_of("x"))
        .hear_status();
  };
  std::vector<std::unique_ptr<Asker>> silent;
  for (std::size_t i = 0; i < runtime::bulk_served_of_source_max; ++i)
    silent.push_back(std::make_unique<Asker>(number, "127.0.0.8"));
  BOOST_TEST((status_for("127.0.0.8") == BulkStatus::busy));
  BOOST_TEST((status_for("127.0.0.9") == BulkStatus::not_here));
  silent.back()->say_no_more();
  BOOST_TEST(silent.back()->hear().empty());
  BOOST_TEST((status_for("127.0.0.8") == BulkStatus::not_here));
}

BOOST_AUTO_TEST_CASE(so_many_are_served_at_once_and_no_more) {
  auto hash = digest_of("x");
  std::vector<std::unique_ptr<Asker>> silent;
  while (silent.size() < runtime::bulk_served_max) silent.push_back(asker());
  BOOST_TEST((status_of(BulkKind::document, hash) == BulkStatus::busy));
  for (auto& one : silent)
    BOOST_TEST((one->ask(BulkKind::document, hash).hear_status() ==
                BulkStatus::not_here));
}

// -- listening ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(it_listens_at_the_address_that_was_told_last) {
  listen();
  BOOST_TEST(
      (status_of(BulkKind::document, digest_of("x")) == BulkStatus::not_here));
  listen("127.0.0.4");
  BOOST_TEST(
      is_error(fetch(digest_of("x"), "127.0.0.4"), ErrorCode::not_found));
  BOOST_TEST(asker()->is_refused());
}

// -- documents ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_document_is_fetched) {
  auto largest = some_content(actors::document_max);
  offer({"a document", largest, ""});
  for (const auto& content :
       {std::string{"a document"}, largest, std::string{}})
    BOOST_TEST(
        (*must(fetch(digest_of(content), own_here)) == bytes_of(content)));
}

BOOST_AUTO_TEST_CASE(a_document_that_is_not_there_is_not_found) {
  Giver giver{number};
  auto error = error_of(fetch(digest_of("none"), other_here, [&] {
    auto asked = giver.give({BulkStatus::not_here});
    BOOST_TEST(
        (asked == BulkRequest{BulkKind::document, digest_of("none"), 0}));
  }));
  BOOST_TEST(error.code == ErrorCode::not_found);
  BOOST_TEST(mentions(error.message, other_here), error.message);
}

BOOST_AUTO_TEST_CASE(who_is_busy_may_be_asked_again) {
  Giver giver{number};
  BOOST_TEST(is_error(fetch(digest_of("x"), other_here,
                            [&] { giver.give({BulkStatus::busy}); }),
                      ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(another_document_is_not_believed) {
  Giver giver{number};
  for (std::string_view given : {"b document", "a", "a documents", ""})
    BOOST_TEST(
        is_error(fetch(digest_of("a document"), other_here,
                       [&] {
                         giver.give({BulkStatus::here, given.size()}, given);
                       }),
                 ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(a_document_that_is_too_large_is_not_read) {
  Giver giver{number};
  for (auto size : {std::uint64_t{actors::document_max + 1}, ~std::uint64_t{0}})
    BOOST_TEST(is_error(fetch(digest_of("x"), other_here,
                              [&] {
                                giver.give({BulkStatus::here, size}, "x");
                              }),
                        ErrorCode::damaged));
}

BOOST_AUTO_TEST_CASE(less_than_was_said_has_stopped) {
  Giver giver{number};
  auto error = error_of(fetch(digest_of("a document"), other_here, [&] {
    giver.give({BulkStatus::here, 11}, "a document");
  }));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(mentions(error.message, "it closed the connection"),
             error.message);
}

/// Whoever says less than it gives is read no further.
BOOST_AUTO_TEST_CASE(more_than_was_said_is_not_read) {
  Giver giver{number};
  auto document = must(fetch(digest_of("a doc"), other_here, [&] {
    giver.give({BulkStatus::here, 5}, "a document");
  }));
  BOOST_TEST(*document == bytes_of("a doc"));
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_not_believed) {
  Giver giver{number};
  for (const auto& bytes : {Bytes{}, Bytes(8, 0), Bytes(9, 7)})
    BOOST_TEST(is_error(
        fetch(digest_of("x"), other_here, [&] { giver.give_bytes(bytes); }),
        ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(where_nobody_answers_is_said) {
  auto error = error_of(fetch(digest_of("x")));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(error.message ==
             "127.0.0.3 gives nothing at TCP port " + std::to_string(number) +
                 ": connection refused; is ppnd running there, and does its "
                 "tunnel work?");
}

// -- images -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_image_is_fetched_and_kept) {
  auto content = some_content(500'000);
  Giver giver{number};
  auto image = must(fetch_image(content, [&] {
    auto asked = giver.give({BulkStatus::here, content.size()}, content);
    BOOST_TEST((asked == BulkRequest{BulkKind::image, digest_of(content), 0}));
  }));
  BOOST_TEST((image.digest == digest_of(content)));
  BOOST_TEST(image.size == content.size());
  BOOST_TEST((image.format == DiskFormat::raw));
  BOOST_TEST(!image.was_there);
  BOOST_TEST((kept(content) == content));
  BOOST_TEST(!fs::exists(part_of(content)));
  auto [done, times] = progress();
  BOOST_TEST(done == content.size());
  BOOST_TEST(times >= 2U);
}

BOOST_AUTO_TEST_CASE(an_image_that_is_there_is_not_fetched) {
  add_image("content");
  BOOST_TEST(must(fetch_image("content")).was_there);
}

/// By the side that gives images itself.
BOOST_AUTO_TEST_CASE(an_image_passes_from_node_to_node) {
  auto content = some_content(1'000'000);
  auto theirs = std::shared_ptr<ImageStore>{
      must(ImageStore::open(scratch / "their-dir", ::getegid()))};
  std::swap(images, theirs);
  add_image(content);
  std::swap(images, theirs);
  runtime::BulkParts parts{
      "lo", number, [theirs]() -> store::Result<std::shared_ptr<ImageStore>> {
        return theirs;
      }};
  TcpBulk second{parts};
  actors::BulkPort second_port =
      system.spawn([](TcpBulk::Port::stateful_pointer<TcpBulk::Asked> of,
                      TcpBulk* bulk) { return bulk->behaviour(of); },
                   &second);
  // Its answer comes after it listens.
  self->send(second_port, actors::listen_atom::value, address(other_here),
             no_controller);
  self->request(second_port, caf::infinite, actors::fetch_atom::value,
                address(other_here), digest_of("none"))
      .receive([](const BytesPtr&) { BOOST_ERROR("nothing is there"); },
               [](const caf::error&) {});
  must(fetch_image(content));
  BOOST_TEST((kept(content) == content));
  caf::anon_send_exit(second_port, caf::exit_reason::kill);
}

BOOST_AUTO_TEST_CASE(a_fetch_goes_on_where_it_stopped) {
  auto content = some_content(500'000);
  auto text = std::string_view{content};
  Giver giver{number};
  std::uint64_t offset = 0;
  // Pieces are of no importance to where it stops.
  for (std::uint64_t size : {1U, 70'000U, 65'536U, 300'000U}) {
    auto stopped = fetch_image(content, [&] {
      auto asked = giver.give({BulkStatus::here, content.size()},
                              text.substr(offset, size));
      BOOST_TEST(asked.offset == offset);
    });
    BOOST_TEST(is_error(stopped, ErrorCode::io));
    offset += size;
    BOOST_TEST(progress().first <= offset);
    BOOST_TEST(fs::file_size(part_of(content)) == offset);
  }
  must(fetch_image(content, [&] {
    auto asked =
        giver.give({BulkStatus::here, content.size()}, text.substr(offset));
    BOOST_TEST(asked.offset == offset);
  }));
  BOOST_TEST((kept(content) == content));
  BOOST_TEST(!fs::exists(part_of(content)));
}

BOOST_AUTO_TEST_CASE(another_image_is_damaged_and_not_gone_on_from) {
  auto content = some_content(200'000);
  auto other = with_bit_flipped(content, 199'999 * 8);
  Giver giver{number};
  auto error = error_of(fetch_image(content, [&] {
    giver.give({BulkStatus::here, other.size()}, other);
  }));
  BOOST_TEST(error.code == ErrorCode::damaged);
  BOOST_TEST(!fs::exists(part_of(content)));
  BOOST_TEST(!images->find(digest_of(content)));
  must(fetch_image(content, [&] {
    auto asked = giver.give({BulkStatus::here, content.size()}, content);
    BOOST_TEST(asked.offset == 0U);
  }));
}

BOOST_AUTO_TEST_CASE(an_image_of_another_size_is_not_read) {
  Giver giver{number};
  for (std::uint64_t size : {std::uint64_t{0}, std::uint64_t{6},
                             std::uint64_t{8}, ~std::uint64_t{0}})
    BOOST_TEST(
        is_error(fetch_image("content",
                             [&] {
                               giver.give({BulkStatus::here, size}, "content");
                             }),
                 ErrorCode::damaged));
  // It says nothing about what came before.
  BOOST_TEST(fs::file_size(part_of("content")) == 0U);
}

BOOST_AUTO_TEST_CASE(an_image_that_is_not_there_is_not_found) {
  BOOST_TEST(
      is_error(fetch_image("content", {}, own_here), ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE(without_a_place_for_images_none_is_fetched) {
  auto digest = digest_of("content");
  tcp = std::make_unique<TcpBulk>(runtime::BulkParts{
      "lo", number, []() -> store::Result<std::shared_ptr<ImageStore>> {
        return store::Error{ErrorCode::permission, "run ppnd as root"};
      }});
  caf::anon_send_exit(port, caf::exit_reason::kill);
  port = system.spawn([](TcpBulk::Port::stateful_pointer<TcpBulk::Asked> of,
                         TcpBulk* bulk) { return bulk->behaviour(of); },
                      tcp.get());
  listen();
  auto error = error_of(fetch_image("content"));
  BOOST_TEST(error.code == ErrorCode::io);
  BOOST_TEST(error.message == "run ppnd as root");
  BOOST_TEST((status_of(BulkKind::image, digest) == BulkStatus::not_here));
}

BOOST_AUTO_TEST_CASE(one_image_is_fetched_once_at_a_time) {
  auto content = some_content(200'000);
  Giver giver{number};
  must(fetch_image(content, [&] {
    caf::scoped_actor second{system};
    events::ImageOfGuest image{digest_of(content), "some", content.size(),
                               DiskFormat::raw};
    second
        ->request(port, caf::infinite, actors::fetch_atom::value,
                  address(other_here),
                  actors::ImageOfGuestPtr{
                      std::make_shared<const events::ImageOfGuest>(image)},
                  fetch_id, caf::actor_cast<actors::ImageFollower>(follower))
        .receive([](const ImageKept&) { BOOST_ERROR("it was fetched twice"); },
                 [](const caf::error& error) {
                   BOOST_TEST(mentions(actors::from_message(error).message,
                                       "is being fetched already"));
                 });
    giver.give({BulkStatus::here, content.size()}, content);
  }));
}

// -- logs ---------------------------------------------------------------------

namespace {

const Id web = Guests::id(1);
const Id mail = Guests::id(2);

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_guest_said_is_given_to_the_controller) {
  obey(controller_here);
  guests.says(web, "login: ");
  for (std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{3},
                               std::uint64_t{7}, ~std::uint64_t{0}}) {
    auto [answer, bytes] =
        Asker{number, controller_here}.ask_log(web, offset).hear_answer();
    BOOST_TEST((answer == BulkAnswer{BulkStatus::here, 7}));
    auto from = std::min<std::uint64_t>(offset, 7);
    BOOST_TEST(bytes == bytes_of(std::string_view{"login: "}.substr(from)));
  }
}

BOOST_AUTO_TEST_CASE(so_much_of_a_log_is_given_at_once_and_no_more) {
  obey(controller_here);
  auto text = some_content(runtime::log_part_max + 1000);
  guests.says(web, text);
  auto [answer, bytes] =
      Asker{number, controller_here}.ask_log(web, 100).hear_answer();
  BOOST_TEST(answer.size == text.size());
  BOOST_TEST((bytes == bytes_of(std::string_view{text}.substr(
                           100, runtime::log_part_max))));
}

BOOST_AUTO_TEST_CASE(a_guest_that_is_not_there_has_no_log_and_no_console) {
  obey(controller_here);
  BOOST_TEST((Asker{number, controller_here}.ask_log(web).hear_status() ==
              BulkStatus::not_here));
  BOOST_TEST((Asker{number, controller_here}.ask_console(web).hear_status() ==
              BulkStatus::not_here));
}

BOOST_AUTO_TEST_CASE(nobody_but_the_controller_is_given_what_is_of_guests) {
  guests.says(web, "secret");
  guests.runs(web);
  auto check = [&](const char* from) {
    BOOST_TEST((Asker{number, from}.ask_log(web).hear_answer() ==
                std::pair{BulkAnswer{BulkStatus::not_yours}, Bytes{}}));
    BOOST_TEST((Asker{number, from}.ask_console(web).hear_status() ==
                BulkStatus::not_yours));
  };
  // There is none, and later another.
  check(controller_here);
  obey(controller_here);
  check(own_here);
  check(second_here);
  obey(second_here);
  check(controller_here);
}

BOOST_AUTO_TEST_CASE(a_host_that_obeys_nobody_gives_nothing_of_guests) {
  tcp = std::make_unique<TcpBulk>(runtime::BulkParts{
      "lo", number, [this]() -> store::Result<std::shared_ptr<ImageStore>> {
        return images;
      }});
  caf::anon_send_exit(port, caf::exit_reason::kill);
  port = system.spawn([](TcpBulk::Port::stateful_pointer<TcpBulk::Asked> of,
                         TcpBulk* bulk) { return bulk->behaviour(of); },
                      tcp.get());
  guests.says(web, "secret");
  guests.runs(web);
  obey(controller_here);
  BOOST_TEST((Asker{number, controller_here}.ask_log(web).hear_status() ==
              BulkStatus::not_yours));
  BOOST_TEST((Asker{number, controller_here}.ask_console(web).hear_status() ==
              BulkStatus::not_yours));
}

// -- consoles -----------------------------------------------------------------

namespace {

/// Somebody at the console of a guest, and the guest.
struct AtConsole {
  AtConsole(Rig& rig, const Id& guest)
      : user(rig.number, controller_here),
        status(user.ask_console(guest).hear_status_alone()),
        serial(rig.guests.serial(guest)) {}

  void guest_says(std::string_view text) {
    asio::write(serial, asio::buffer(text.data(), text.size()));
  }
  std::string guest_hears(std::size_t size) {
    std::string heard(size, '\0');
    boost::system::error_code error;
    heard.resize(asio::read(serial, asio::buffer(heard), error));
    return heard;
  }

  Asker user;
  BulkStatus status;
  Guests::Serial::socket serial;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_console_is_heard_and_spoken_to) {
  guests.runs(web);
  obey(controller_here);
  AtConsole at{*this, web};
  BOOST_TEST((at.status == BulkStatus::here));
  at.guest_says("login: ");
  BOOST_TEST(at.user.hear_some(7) == bytes_of("login: "));
  at.user.say(bytes_of("root\r"));
  BOOST_TEST(at.guest_hears(5) == "root\r");
  // The guest ends, which ends it for both.
  at.guest_says("bye");
  at.serial.close();
  BOOST_TEST(at.user.hear() == bytes_of("bye"));
}

BOOST_AUTO_TEST_CASE(one_at_a_time_is_at_a_console) {
  guests.runs(web);
  guests.runs(mail);
  obey(controller_here);
  auto ask = [&](const Id& guest) {
    return Asker{number, controller_here}.ask_console(guest).hear_status();
  };
  {
    AtConsole at{*this, web};
    BOOST_TEST((ask(web) == BulkStatus::busy));
    at.user.say_no_more();
    BOOST_TEST(at.guest_hears(1).empty());
    // It is left before the user is told.
    at.user.hear();
  }
  AtConsole again{*this, web};
  BOOST_TEST((again.status == BulkStatus::here));
  // So is whoever is there by the control API of the host.
  auto seat = guests.taken->take(guests.serial_of(mail));
  BOOST_TEST((ask(mail) == BulkStatus::busy));
}

/// They are few by themselves: one for each guest that runs.
BOOST_AUTO_TEST_CASE(consoles_are_in_nobody_s_way) {
  obey(controller_here);
  std::vector<std::unique_ptr<AtConsole>> open;
  constexpr std::uint8_t first = 10;
  for (auto i = first; i < first + runtime::bulk_served_of_source_max + 2;
       ++i) {
    guests.runs(Guests::id(i));
    open.push_back(std::make_unique<AtConsole>(*this, Guests::id(i)));
    BOOST_TEST((open.back()->status == BulkStatus::here));
  }
  guests.says(web, "all is well");
  BOOST_TEST((Asker{number, controller_here}.ask_log(web).hear_status() ==
              BulkStatus::here));
}

BOOST_AUTO_TEST_CASE(who_is_the_controller_no_more_leaves_the_consoles) {
  guests.runs(web);
  obey(controller_here);
  AtConsole at{*this, web};
  // Once more is harmless.
  obey(controller_here);
  at.guest_says("still");
  BOOST_TEST(at.user.hear_some(5) == bytes_of("still"));
  obey(second_here);
  BOOST_TEST(at.user.hear_until_it_breaks().empty());
  BOOST_TEST(at.guest_hears(1).empty());
  BOOST_TEST((Asker{number, second_here}.ask_console(web).hear_status_alone() ==
              BulkStatus::here));
}

BOOST_AUTO_TEST_CASE(the_end_ends_consoles_too) {
  guests.runs(web);
  obey(controller_here);
  AtConsole at{*this, web};
  tcp.reset();
  BOOST_TEST(at.user.hear_until_it_breaks().empty());
  BOOST_TEST(at.guest_hears(1).empty());
}

// -- what the controller asks -------------------------------------------------

namespace {

/// Asks as a controller does, whose address is everybody's on this host.
struct Asking {
  explicit Asking(std::uint16_t port) : consoles(io, {"", port}) {}

  store::Result<runtime::ConsolePart> log(std::uint64_t from,
                                          std::uint64_t limit,
                                          const char* host = own_here) {
    std::optional<store::Result<runtime::ConsolePart>> answer;
    consoles.read_log({address(host), web}, from, limit,
                      [&](auto part) { answer = std::move(part); });
    io.restart();
    io.run();
    return std::move(*answer);
  }

  store::Result<tcp::socket> console(const char* host = own_here) {
    std::optional<store::Result<tcp::socket>> answer;
    consoles.open_console({address(host), web}, [&](auto opened) {
      answer.emplace(std::move(opened));
    });
    io.restart();
    io.run();
    return std::move(*answer);
  }

  asio::io_context io;
  runtime::BulkConsoles consoles;
};

/// Where connections to this host come from that are bound to nothing.
const char* const anybody_here = "127.0.0.1";

}  // namespace

BOOST_AUTO_TEST_CASE(the_controller_reads_a_log) {
  obey(anybody_here);
  auto text = some_content(runtime::log_part_max + 1000);
  guests.says(web, text);
  Asking asking{number};
  auto check = [&](std::uint64_t from, std::uint64_t limit) {
    auto part = must(asking.log(from, limit));
    auto begin = std::min<std::uint64_t>(from, text.size());
    BOOST_TEST(part.from == begin);
    BOOST_TEST(part.size == text.size());
    BOOST_TEST(
        (part.bytes == bytes_of(std::string_view{text}.substr(
                           begin, std::min(limit, runtime::log_part_max)))));
  };
  check(0, 1);
  check(0, 100'000);
  check(100, 10 * runtime::log_part_max);
  check(text.size() - 5, 100);
  check(~std::uint64_t{0}, 1);
}

BOOST_AUTO_TEST_CASE(why_there_is_no_log_is_told) {
  Asking asking{number};
  BOOST_TEST(is_error(asking.log(0, 1), ErrorCode::permission));
  obey(anybody_here);
  BOOST_TEST(is_error(asking.log(0, 1), ErrorCode::not_found));
  BOOST_TEST(is_error(asking.log(0, 1, nobody_here), ErrorCode::io));
}

BOOST_AUTO_TEST_CASE(the_controller_is_at_a_console) {
  obey(anybody_here);
  guests.runs(web);
  Asking asking{number};
  auto user = must(asking.console());
  user.non_blocking(false);
  auto serial = guests.serial(web);
  asio::write(serial, asio::buffer("hi", 2));
  Bytes heard(2);
  asio::read(user, asio::buffer(heard));
  BOOST_TEST(heard == bytes_of("hi"));
  BOOST_TEST(is_error(asking.console(), ErrorCode::locked));
}

BOOST_AUTO_TEST_CASE(why_there_is_no_console_is_told) {
  Asking asking{number};
  BOOST_TEST(is_error(asking.console(), ErrorCode::permission));
  obey(anybody_here);
  BOOST_TEST(is_error(asking.console(), ErrorCode::not_found));
  BOOST_TEST(is_error(asking.console(nobody_here), ErrorCode::io));
}

// -- the end ------------------------------------------------------------------

/// With somebody who asks, and somebody who is asked, and neither goes on.
BOOST_AUTO_TEST_CASE(it_ends_in_the_midst_of_everything) {
  auto silent = asker();
  asio::io_context io;
  tcp::acceptor deaf{io, {asio::ip::make_address(other_here), number}};
  say(actors::fetch_atom::value, address(other_here), digest_of("x"));
  await();
  tcp.reset();
  BOOST_TEST(silent->hear_until_it_breaks().empty());
  BOOST_TEST(asker()->is_refused());
  // Its actor may not know yet.
  say(actors::listen_atom::value, address(own_here), no_controller);
  say(actors::fetch_atom::value, address(other_here), digest_of("x"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
