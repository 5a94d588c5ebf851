#pragma once

#include <array>
#include <utility>

#include "base/fields.hpp"

namespace video {

/// The role of a user.
enum class Role { user, admin, moderator };

/// What a token allows (http-api.md, role api).
enum class Scope { read, upload, full, admin, metrics };

template <>
struct Names<Role> {
  static constexpr std::array list{std::pair{Role::user, "user"}, std::pair{Role::admin, "admin"},
                                   std::pair{Role::moderator, "moderator"}};
};

template <>
struct Names<Scope> {
  static constexpr std::array list{std::pair{Scope::read, "read"}, std::pair{Scope::upload, "upload"},
                                   std::pair{Scope::full, "full"}, std::pair{Scope::admin, "admin"},
                                   std::pair{Scope::metrics, "metrics"}};
};

}  // namespace video
