// Documents of dispatches that are none: of a member that is not the
// controller, of one that pretends to be, of a controller that shows what its
// ledger does not have; and true ones, shown by somebody else. And answers of
// one who was not asked.
#pragma once

#include "actors/frame.hpp"
#include "tests/simulation/bulk.hpp"

namespace ppn::simulation {

class FalseDispatches {
 public:
  FalseDispatches(Scene& scene, BulkNet& bulk, FleetRules& rules)
      : scene_(scene), bulk_(bulk), rules_(rules) {}

  /// What a liar tells that host, with a document that it gives from now on if
  /// it needs one; nothing if it has nothing to tell.
  std::optional<actors::FrameBody> make(Host& liar, const Host& to);

 private:
  /// Made for a host by a liar, in the name of some node.
  struct Forgery {
    Id request;
    NodeId author;
    Bytes record;
    std::string checkpoint;
  };

  std::optional<actors::DispatchAnswer> answer(const Host& liar,
                                               const Host& to);
  std::optional<actors::Dispatch> show(Host& liar, const Host& to);
  std::optional<actors::Dispatch> steal(Host& liar);
  std::optional<Forgery> forge(Host& liar, const Host& to);
  std::optional<Forgery> sign_entry(const Host& liar, const Host& to,
                                    const NodeId& author,
                                    std::uint64_t sequence);
  schema::EventUnion some_wish(const Id& request, const Host& to);

  Scene& scene_;
  BulkNet& bulk_;
  FleetRules& rules_;
};

}  // namespace ppn::simulation
