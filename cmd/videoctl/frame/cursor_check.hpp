#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace video::ctl {

/// Watches the cursors of a list that is read page by page, so that a server cannot keep a command busy for ever: with
/// cursors that go round in a circle, which Brent's algorithm finds without remembering them all, or with pages that
/// have nothing.
class CursorCheck {
 public:
  /// Takes the cursor of the next page, if there is one, and whether this page had anything. Throws Error unreachable.
  void next(const std::optional<std::string>& cursor, bool hadItems) {
    if (!cursor) return;
    empty_ = hadItems ? 0 : empty_ + 1;
    if (cursor->size() > longest || empty_ > mostEmpty || *cursor == seen_)
      throw Error(Fault::unreachable, "the server's list does not end: its cursors are wrong");
    if (++steps_ < power_) return;
    seen_ = *cursor;
    steps_ = 0;
    power_ *= 2;
  }

 private:
  static constexpr std::size_t longest = 4096;
  static constexpr std::size_t mostEmpty = 1000;

  std::string seen_;  // no cursor is empty
  std::size_t steps_ = 0;
  std::size_t power_ = 1;
  std::size_t empty_ = 0;
};

}  // namespace video::ctl
