// What members give each other by its hash, over connections between their mesh
// addresses: documents, and images. A port always answers; how late, and what,
// chance says.
#pragma once

#include "tests/simulation/tunnels.hpp"

namespace ppn::simulation {

class BulkNet {
 public:
  using TakeDocument =
      std::function<void(const store::Result<actors::BytesPtr>&)>;
  using TakeImage =
      std::function<void(const store::Result<actors::ImageKept>&)>;

  /// An image that is wanted, and who is told how far it came.
  struct ImageWish {
    events::IpAddress from;
    actors::ImageOfGuestPtr image;
    Id id;
    actors::ImageFollower follower;
  };

  BulkNet(Scene& scene, Tunnels& tunnels) : scene_(scene), tunnels_(tunnels) {}

  void listen(Host& host, const events::IpAddress& own);
  void offer(Host& host, const actors::DocumentsPtr& documents);
  /// Told what became of it in a later step of the host's port, unless that is
  /// gone by then.
  void fetch(Host& host, const events::IpAddress& from, const Hash& hash,
             const TakeDocument& take);
  void fetch(Host& host, const ImageWish& wish, const TakeImage& take);

  /// Something that was planned for that port is due.
  void happen(std::uint64_t number);

  /// Somebody at that host gives this, too, until its process ends.
  Hash plant(Host& host, const Bytes& document);
  /// One of those that are given by the nodes; nothing if there is none.
  actors::BytesPtr some_document();

  /// The process of a host is gone, and with it all but its images.
  void end(const Host& host);

 private:
  struct Shelf {
    std::optional<events::IpAddress> own;
    std::map<Hash, actors::BytesPtr> documents;
    std::map<Hash, actors::BytesPtr> planted;
  };

  struct Waiting {
    int host = 0;
    std::function<void()> what;
  };

  void later(Host& host, std::function<void()> what);
  std::uint64_t some_delay();
  /// Who listens there, if something passes between the two.
  Host* reach(Host& from, const events::IpAddress& at, std::uint64_t size);
  store::Result<actors::BytesPtr> give(Host& to, const events::IpAddress& from,
                                       const Hash& hash);
  /// Who gives an image now.
  store::Result<Host*> source_of(Host& to, const ImageWish& wish);
  store::Result<actors::ImageKept> keep(Host& host, const ImageWish& wish);

  Scene& scene_;
  Tunnels& tunnels_;
  std::map<int, Shelf> shelves_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_ = 0;
};

SimulatedBulkPort::behavior_type bulk_port(SimulatedBulkPort::pointer self,
                                           BulkNet* net, Host* host);

/// Of a node that nobody gives anything.
actors::BulkPort::behavior_type no_bulk(actors::BulkPort::pointer self, int);

}  // namespace ppn::simulation
