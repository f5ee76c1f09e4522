// Frames on their way between the member actors, as bytes in datagrams: what
// becomes of them, and whether what is believed was ever said.
#pragma once

#include "actors/frame.hpp"
#include "store/domains.hpp"
#include "tests/simulation/tunnels.hpp"

namespace ppn::simulation {

class Datagrams {
 public:
  Datagrams(Scene& scene, Tunnels& tunnels, const RosterHistory& history)
      : scene_(scene), tunnels_(tunnels), history_(history) {}

  /// A host's member actor sends one.
  void send(Host& from, const actors::DatagramPtr& datagram);

  /// Told of each frame that a host sends.
  std::function<void(const Host&, const schema::Frame&)> on_sent;
  /// Of each that reaches the process which it was made for, as it was made;
  /// and of each that a host believed.
  std::function<void(const Host&, const actors::FrameHead&)> on_arrived;
  std::function<void(const Host&, const actors::FrameHead&)> on_believed;

  /// What the member actor of a host believed, if it did in the last step: a
  /// frame that was sent to this very process, and only once.
  void check_believed(Host& host, caf::actor_id stepped);

 private:
  /// One that somebody recorded.
  struct Recorded {
    events::IpAddress source;
    events::IpAddress to;
    Bytes bytes;
  };

  std::optional<actors::FrameBody> some_false_letter(
      const schema::Frame& frame);
  void note_meant(const schema::Frame& frame, const Bytes& bytes);
  /// The same frame with another body.
  Bytes forge(const Host& from, const schema::Frame& frame,
              const actors::FrameBody& body);
  actors::RosterAnswer some_false_answer(const Host& from,
                                         const schema::RosterAnswer& answer);
  std::uint64_t some_delay();
  void post(Host& from, const Recorded& datagram);
  void deliver(Host& to, const events::IpAddress& source, const Bytes& bytes);
  void record(const Recorded& datagram);
  void replay();
  void damage(Bytes& bytes);

  Scene& scene_;
  Tunnels& tunnels_;
  const RosterHistory& history_;
  std::vector<Recorded> recorded_;
};

/// By which the host signs now. Nothing if its disk has none.
std::optional<store::SigningKey> signing_key(const Host& host);
std::optional<Signature> sign(const Host& host,
                              const store::SignatureDomain& domain,
                              const Bytes& body);

}  // namespace ppn::simulation
