// The operators of the guests: they create, start, stop, change and delete them
// at any time, whatever else goes on, and say which hosts may have more.
#pragma once

#include "tests/simulation/operators.hpp"

namespace ppn::simulation {

/// What a guest may be: nothing more of the host than that it fits, and one of
/// these images or none.
events::VmSpec some_spec(Scene& scene, const events::Images& images);

class VmOperators {
 public:
  VmOperators(Scene& scene, Operators& operators)
      : scene_(scene), operators_(operators) {}

  /// Does one thing with one guest of this host, an image, or its fleet.
  void operate(Host& host);

 private:
  void define(Host& host);
  void change(Host& host, const Id& id);
  void remove(Host& host, const Id& id);
  void tell(Host& host, const Id& id);
  void add_image(Host& host);
  void remove_image(Host& host);
  void use_host(Host& host);

  Scene& scene_;
  Operators& operators_;
  std::uint64_t defined_ = 0;
};

}  // namespace ppn::simulation
