// What the operators of a mesh do together: they found it, introduce hosts to
// each other, change it, and put right what stands in its way.
#pragma once

#include "tests/simulation/operators.hpp"
#include "tests/simulation/roster_history.hpp"

namespace ppn::simulation {

class MeshOperators {
 public:
  /// `reinstall` gives a host a new identity on an empty disk.
  MeshOperators(Scene& scene, Operators& operators,
                const RosterHistory& history,
                std::function<void(Host&)> reinstall)
      : scene_(scene),
        operators_(operators),
        history_(history),
        reinstall_(std::move(reinstall)) {}

  /// Does one thing.
  void operate();

  /// Lets in whoever stands outside, all at once.
  void gather();

  /// Once the faults are over: whoever stands outside for no reason is let in,
  /// and whoever can be reached nowhere is.
  void put_right();

 private:
  using Records = std::vector<Bytes>;

  void found();
  void bring_roster(Host& from, std::vector<Host*> whom);
  void introduce();
  void introduce(Host& newcomer, Host& authority);
  void admit(Host& authority, Host& newcomer, const Records& introduction,
             const NodeId* old);
  void change_endpoints(Host& authority);
  void set_endpoints(Host& authority, Host& of,
                     std::vector<events::Endpoint> endpoints);
  void move_role(Host& authority);
  void move_role(Host& authority, schema::Role role, const NodeId& to);
  void remove(Host& authority);
  void rotate_key();
  void acknowledge();
  void remove_and_change(Host& authority);
  void replace();
  void readmit();
  void do_what_is_refused();
  void import_once_more();
  void recover();
  void recover(Host& host, bool with_wrong_words);
  void remove_lost(Host& authority);
  void start_anew();

  void export_records(Host& host, const std::function<void(Records)>& next);
  void import_newest(Host& from, Host& host);
  void keep_file(const Records& records);
  void import(Host& host, const Records& records);
  void damage(Records& records);

  Host* authority();
  Host* some_authority();
  /// A host that has all of the roster; null if none is there.
  Host* newest();
  /// Should all who had it have lost it: one who has the most that is left.
  Host* newest_left();
  /// One of the members that are hosts still; null if there is none.
  Host* some_member();
  [[nodiscard]] bool is_member(const Host& host) const;
  [[nodiscard]] bool is_gone(const Host& host) const;
  [[nodiscard]] bool waits_for_place(const Host& host) const;
  [[nodiscard]] bool is_stranded(const Host& host);
  /// Where a member says that it can be reached.
  std::vector<events::Endpoint> some_endpoints(const Host& host);

  Scene& scene_;
  Operators& operators_;
  const RosterHistory& history_;
  std::function<void(Host&)> reinstall_;
  /// Rosters that were exported, some of them old.
  std::vector<Records> files_;
};

}  // namespace ppn::simulation
