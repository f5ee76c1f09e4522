// Messages and streams over real sockets of this host, and who is told of their
// ends.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <map>

#include "actors/pairing_message.hpp"
#include "runtime/pairing_wire_tcp.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/unit/mesh_rig.hpp"

namespace ppn::tests {

namespace {

namespace asio = boost::asio;
using actors::PairingArrival;
using actors::PairingConnection;
using actors::PairingListen;
using actors::PairingReceiver;
using asio::ip::tcp;
using runtime::TcpPairingWire;

const char* const here = "127.0.0.1";
const char* const own_here = "127.0.0.2";
constexpr PairingListen everywhere{true};

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes framed(std::string_view text) {
  auto bytes = bytes_of(text);
  bytes.insert(bytes.begin(), {static_cast<std::uint8_t>(text.size() >> 8U),
                               static_cast<std::uint8_t>(text.size())});
  return bytes;
}

std::uint16_t free_port() {
  asio::io_context io;
  tcp::acceptor acceptor{io, {asio::ip::make_address(here), 0}};
  return acceptor.local_endpoint().port();
}

/// The other end of a connection, with no more than a socket.
class Peer {
 public:
  Peer(asio::io_context& io, const char* at, std::uint16_t port) : socket_(io) {
    boost::system::error_code error;
    socket_.connect({asio::ip::make_address(at), port}, error);
    is_refused_ = error == asio::error::connection_refused;
    if (!error) socket_.non_blocking(true);
  }

  [[nodiscard]] bool is_refused() const { return is_refused_; }

  void send(const Bytes& bytes) {
    auto kept = std::make_shared<const Bytes>(bytes);
    asio::async_write(socket_, asio::buffer(*kept),
                      [kept](boost::system::error_code, std::size_t) {});
  }

  /// All that came up to now.
  const Bytes& received() {
    std::array<std::uint8_t, 65'536> piece{};
    boost::system::error_code error;
    while (!error) {
      auto size = socket_.read_some(asio::buffer(piece), error);
      received_.insert(received_.end(), piece.begin(),
                       piece.begin() + static_cast<std::ptrdiff_t>(size));
    }
    if (error != asio::error::would_block) is_over_ = true;
    return received_;
  }

  /// Whether the other side ended it.
  bool is_over() {
    received();
    return is_over_;
  }

  void close() { socket_.close(); }

 private:
  tcp::socket socket_;
  Bytes received_;
  bool is_refused_ = false;
  bool is_over_ = false;
};

/// What a receiver was told.
struct Told {
  std::vector<PairingArrival> arrivals;
  std::map<PairingConnection, std::vector<Bytes>> messages;
  std::map<PairingConnection, int> ends;
};

/// Members come by the interface of this host's own.
struct Wired {
  Wired() {
    wire = stage.system().spawn(
        [](TcpPairingWire::Port::stateful_pointer<TcpPairingWire::Asked> self,
           TcpPairingWire* of) { return of->behaviour(self); },
        tcp.get());
    receiver = spawn_receiver(told);
    stage.settle();
  }

  ~Wired() {
    for (const auto& actor : {caf::actor_cast<caf::actor>(wire),
                              caf::actor_cast<caf::actor>(receiver)})
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    stage.settle();
  }

  PairingReceiver spawn_receiver(Told& of) {
    return stage.system().spawn(
        [](PairingReceiver::pointer, Told* all) {
          return PairingReceiver::behavior_type{
              [=](actors::arrived_atom, const PairingArrival& arrival) {
                all->arrivals.push_back(arrival);
              },
              [=](actors::message_atom, PairingConnection from,
                  const actors::BytesPtr& message) {
                all->messages[from].push_back(*message);
              },
              [=](actors::close_atom, PairingConnection ended) {
                all->ends[ended] += 1;
              }};
        },
        &of);
  }

  /// Lets sockets and actors go on until it is so.
  template <class Condition>
  void wait_for(const Condition& is_so) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    for (stage.settle(); !is_so(); stage.settle()) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
      io.restart();
      io.run_one_for(std::chrono::milliseconds{10});
    }
  }

  template <class Answer, class... Words>
  store::Result<Answer> ask(Words... words) {
    std::optional<store::Result<Answer>> answer;
    caf::scoped_actor self{stage.system()};
    auto pending = self->request(wire, caf::infinite, words...);
    wait_for([&] { return !self->mailbox().empty(); });
    pending.receive(
        [&](const Answer& good) { answer = good; },
        [&](caf::error& error) { answer = actors::from_message(error); });
    return *answer;
  }

  store::Result<bool> listen(const PairingListen& where) {
    return ask<bool>(actors::listen_atom::value, where, receiver);
  }

  store::Result<PairingConnection> dial(const char* at, std::uint16_t to) {
    return ask<PairingConnection>(actors::dial_atom::value,
                                  events::Endpoint{address(at), to});
  }

  template <class... Words>
  void say(Words... words) {
    caf::anon_send(wire, words...);
  }

  void send(PairingConnection to, std::string_view text) {
    say(actors::message_atom::value, to,
        actors::BytesPtr{std::make_shared<const Bytes>(bytes_of(text))});
  }

  void read(PairingConnection from) { say(actors::read_atom::value, from); }
  void close(PairingConnection what) { say(actors::close_atom::value, what); }

  /// Somebody who comes in, and the number that he gets.
  std::pair<std::unique_ptr<Peer>, PairingConnection> visitor(
      const char* at = here) {
    auto before = told.arrivals.size();
    auto peer = std::make_unique<Peer>(io, at, port);
    wait_for([&] { return told.arrivals.size() > before; });
    return {std::move(peer), told.arrivals.back().connection};
  }

  asio::io_context io;
  Stage stage;
  Told told;
  std::uint16_t port = free_port();
  std::unique_ptr<TcpPairingWire> tcp =
      std::make_unique<TcpPairingWire>(io, "lo", port);
  actors::PairingWirePort wire;
  PairingReceiver receiver;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pairing_wire)

// -- messages -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_message_goes_there_and_back, Wired) {
  must(listen(everywhere));
  auto [peer, number] = visitor();
  BOOST_TEST(told.arrivals[0].from.text() == here);
  BOOST_TEST(!told.arrivals[0].is_member);
  read(number);
  peer->send(framed("hello"));
  wait_for([&, at = number] { return !told.messages[at].empty(); });
  BOOST_TEST(told.messages[number][0] == bytes_of("hello"));
  send(number, "welcome");
  wait_for(
      [&, from = peer.get()] { return from->received() == framed("welcome"); });
}

BOOST_FIXTURE_TEST_CASE(no_more_is_read_than_was_asked_for, Wired) {
  must(listen(everywhere));
  auto [peer, number] = visitor();
  peer->send(framed("one"));
  peer->send(framed("two"));
  read(number);
  auto& messages = told.messages[number];
  wait_for([&] { return !messages.empty(); });
  // What was read too much would be told by the time that others come.
  visitor();
  visitor();
  BOOST_TEST(messages.size() == 1);
  read(number);
  wait_for([&] { return messages.size() == 2; });
  BOOST_TEST(messages[1] == bytes_of("two"));
}

BOOST_FIXTURE_TEST_CASE(the_longest_message_passes, Wired) {
  must(listen(everywhere));
  auto [peer, number] = visitor();
  std::string longest(actors::pairing_message_max, 'x');
  read(number);
  peer->send(framed(longest));
  wait_for([&, at = number] { return !told.messages[at].empty(); });
  BOOST_TEST(told.messages[number][0] == bytes_of(longest));
}

BOOST_FIXTURE_TEST_CASE(a_length_that_is_none_ends_it, Wired) {
  must(listen(everywhere));
  for (std::size_t length : {std::size_t{0}, actors::pairing_message_max + 1}) {
    auto [peer, number] = visitor();
    read(number);
    peer->send({static_cast<std::uint8_t>(length >> 8U),
                static_cast<std::uint8_t>(length)});
    wait_for([&, from = peer.get()] { return from->is_over(); });
    BOOST_TEST(told.ends[number] == 1);
    BOOST_TEST(told.messages[number].empty());
  }
}

// -- ends ---------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_end_of_a_peer_is_told_once, Wired) {
  must(listen(everywhere));
  auto [silent, unread] = visitor();
  auto [other, awaited] = visitor();
  read(awaited);
  silent->close();
  other->close();
  wait_for([&, one = unread, two = awaited] {
    return told.ends[one] > 0 && told.ends[two] > 0;
  });
  for (auto number : {unread, awaited}) {
    read(number);
    send(number, "nobody hears it");
    close(number);
  }
  visitor();
  BOOST_TEST(told.ends[unread] == 1);
  BOOST_TEST(told.ends[awaited] == 1);
}

BOOST_FIXTURE_TEST_CASE(what_came_before_an_end_is_told_before_it, Wired) {
  must(listen(everywhere));
  auto [peer, number] = visitor();
  peer->send(framed("goodbye"));
  peer->close();
  read(number);
  wait_for([&, of = number] { return told.ends[of] > 0; });
  BOOST_TEST(told.messages[number].size() == 1);
}

BOOST_FIXTURE_TEST_CASE(what_was_to_be_sent_goes_before_an_end, Wired) {
  must(listen(everywhere));
  auto [peer, number] = visitor();
  Bytes all;
  for (int i = 0; i < 200; ++i) {
    std::string text(10'000, static_cast<char>('a' + i % 20));
    send(number, text);
    auto next = framed(text);
    all.insert(all.end(), next.begin(), next.end());
  }
  close(number);
  // To close with something unread is no reason to lose what was sent.
  peer->send(framed("unread"));
  wait_for([&, from = peer.get()] { return from->is_over(); });
  BOOST_TEST((peer->received() == all));
  peer->close();
  visitor();
  BOOST_TEST(told.ends[number] == 0);
}

// -- streams that are joined --------------------------------------------------

BOOST_FIXTURE_TEST_CASE(what_is_joined_is_passed_on_both_ways, Wired) {
  must(listen(everywhere));
  auto [one, first] = visitor();
  auto [other, second] = visitor();
  Bytes much(std::size_t{4} << 20U);
  std::generate(
      much.begin(), much.end(),
      [at = std::uint32_t{0}]() mutable -> std::uint8_t {
        return static_cast<std::uint8_t>(at++ * 2'654'435'761U >> 24U);
      });
  one->send(much);
  other->send(bytes_of("no message at all"));
  say(actors::join_both_atom::value, first, second);
  wait_for([&, from = one.get(), to = other.get()] {
    return to->received().size() >= much.size() && !from->received().empty();
  });
  BOOST_TEST((other->received() == much));
  BOOST_TEST((one->received() == bytes_of("no message at all")));
  BOOST_TEST(told.messages.empty());
}

BOOST_FIXTURE_TEST_CASE(the_end_of_one_is_the_end_of_both, Wired) {
  must(listen(everywhere));
  auto [one, first] = visitor();
  auto [other, second] = visitor();
  say(actors::join_both_atom::value, first, second);
  one->send(bytes_of("last words"));
  one->close();
  wait_for([&, to = other.get()] { return to->is_over(); });
  BOOST_TEST((other->received() == bytes_of("last words")));
  BOOST_TEST(told.ends[first] == 1);
  BOOST_TEST(told.ends[second] == 1);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_joined_to_what_has_ended, Wired) {
  must(listen(everywhere));
  auto [one, first] = visitor();
  auto [other, second] = visitor();
  one->close();
  wait_for([&, of = first] { return told.ends[of] > 0; });
  say(actors::join_both_atom::value, first, second);
  wait_for([&, from = other.get()] { return from->is_over(); });
  BOOST_TEST(told.ends[second] == 1);
}

// -- dialing ------------------------------------------------------------------

/// At the usual port.
BOOST_FIXTURE_TEST_CASE(who_is_dialed_is_talked_with, Wired) {
  must(listen(everywhere));
  auto dialed = must(dial(here, 0));
  wait_for([&] { return !told.arrivals.empty(); });
  auto arrived = told.arrivals[0].connection;
  BOOST_TEST(arrived != dialed);
  read(arrived);
  read(dialed);
  send(dialed, "knock");
  send(arrived, "who is there");
  wait_for([&] {
    return !told.messages[arrived].empty() && !told.messages[dialed].empty();
  });
  BOOST_TEST(told.messages[dialed][0] == bytes_of("who is there"));
  close(dialed);
  wait_for([&] { return told.ends[arrived] > 0; });
  BOOST_TEST(told.ends[dialed] == 0);
}

BOOST_FIXTURE_TEST_CASE(where_nobody_answers_is_said, Wired) {
  auto refused = error_of(dial(here, 0));
  BOOST_TEST((refused.code == store::ErrorCode::io));
  auto number = std::to_string(port);
  BOOST_TEST(refused.message ==
             "nobody answers at 127.0.0.1 port " + number +
                 ": connection refused; is `ppnctl pair join` running there, "
                 "and may TCP " +
                 number + " pass its firewall?");
  BOOST_TEST(told.ends.empty());
}

// -- listening ----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(nobody_comes_in_where_it_does_not_listen, Wired) {
  must(listen(everywhere));
  must(listen(everywhere));
  auto [peer, number] = visitor();
  must(listen({}));
  BOOST_TEST(Peer(io, here, port).is_refused());
  send(number, "still here");
  wait_for([&, from = peer.get()] { return !from->received().empty(); });
  must(listen(everywhere));
  visitor();
}

/// Both at once, whichever was first.
BOOST_FIXTURE_TEST_CASE(members_come_to_their_own_address, Wired) {
  PairingListen own{false, address(own_here)};
  PairingListen both{true, address(own_here)};
  for (const auto& first : {everywhere, own}) {
    must(listen({}));
    must(listen(first));
    must(listen(both));
    visitor(here);
    BOOST_TEST(!told.arrivals.back().is_member);
    visitor(own_here);
    BOOST_TEST(told.arrivals.back().is_member);
  }
  must(listen(own));
  BOOST_TEST(Peer(io, here, port).is_refused());
  must(listen(everywhere));
  visitor(own_here);
  BOOST_TEST(!told.arrivals.back().is_member);
}

BOOST_FIXTURE_TEST_CASE(an_address_of_its_own_may_come_later, Wired) {
  must(listen({true, address("192.0.2.77")}));
  must(listen({true, address(own_here)}));
  visitor(own_here);
  BOOST_TEST(told.arrivals.back().is_member);
}

BOOST_FIXTURE_TEST_CASE(a_port_that_is_taken_is_said, Wired) {
  asio::io_context others;
  tcp::acceptor taken{others, {asio::ip::make_address(here), port}};
  auto refused = error_of(listen(everywhere));
  BOOST_TEST((refused.code == store::ErrorCode::io));
  BOOST_TEST(refused.message ==
             "TCP port " + std::to_string(port) +
                 " can not be listened on: address already in use; choose "
                 "another with [pairing] port, or stop what has it");
  taken.close();
  must(listen(everywhere));
}

/// Another node of the same user would share the port.
BOOST_FIXTURE_TEST_CASE(two_nodes_have_no_port_in_common, Wired) {
  must(listen({true, address(own_here)}));
  runtime::TcpPairingWire second{io, "lo", port};
  wire = stage.system().spawn(
      [](TcpPairingWire::Port::stateful_pointer<TcpPairingWire::Asked> self,
         TcpPairingWire* of) { return of->behaviour(self); },
      &second);
  error_of(listen(everywhere));
}

BOOST_FIXTURE_TEST_CASE(without_its_interface_it_listens_nowhere, Wired) {
  tcp = std::make_unique<TcpPairingWire>(io, "none", port);
  wire = stage.system().spawn(
      [](TcpPairingWire::Port::stateful_pointer<TcpPairingWire::Asked> self,
         TcpPairingWire* of) { return of->behaviour(self); },
      tcp.get());
  auto refused = error_of(listen({true, address(own_here)}));
  BOOST_TEST(refused.message.find("none") != std::string::npos);
  BOOST_TEST(Peer(io, here, port).is_refused());
}

// -- actors -------------------------------------------------------------------

/// The pairing actor was brought back, and knows none of them.
BOOST_FIXTURE_TEST_CASE(another_receiver_inherits_nothing, Wired) {
  must(listen(everywhere));
  auto [peer, number] = visitor();
  auto [joined, with_it] = visitor();
  say(actors::join_both_atom::value, number, with_it);
  Told told_later;
  auto old = std::exchange(receiver, spawn_receiver(told_later));
  must(listen(everywhere));
  wait_for([&, one = peer.get(), other = joined.get()] {
    return one->is_over() && other->is_over();
  });
  BOOST_TEST(told.ends.empty());
  BOOST_TEST(told_later.ends.empty());
  Peer next{io, here, port};
  wait_for([&] { return !told_later.arrivals.empty(); });
  BOOST_TEST(told_later.ends.empty());
  BOOST_TEST(told_later.arrivals[0].connection > with_it);
  caf::anon_send_exit(old, caf::exit_reason::kill);
}

BOOST_FIXTURE_TEST_CASE(an_actor_is_held_until_the_wire_ends, Wired) {
  auto holders = [&] {
    return caf::actor_cast<caf::strong_actor_ptr>(receiver)->strong_refs.load();
  };
  auto alone = holders();
  must(listen(everywhere));
  auto [peer, number] = visitor();
  read(number);
  stage.settle();
  BOOST_TEST(holders() == alone + 1);
  tcp.reset();
  BOOST_TEST(holders() == alone);
  say(actors::listen_atom::value, everywhere, receiver);
  stage.settle();
  io.restart();
  io.run();
  BOOST_TEST(holders() == alone);
  BOOST_TEST(peer->is_over());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace ppn::tests
