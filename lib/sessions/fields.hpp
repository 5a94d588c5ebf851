#pragma once

#include <array>
#include <utility>

#include "sessions/sessions.hpp"
#include "users/fields.hpp"

namespace video {

template <>
struct Names<IdentityKind> {
  static constexpr std::array list{std::pair{IdentityKind::session, "session"}, std::pair{IdentityKind::token, "token"},
                                   std::pair{IdentityKind::operator_, "operator"}};
};

template <>
struct Fields<Login> {
  static constexpr std::tuple list{
      Field{"name", &Login::name, "who signs in"},
      Field{"user_name", &Login::again, "the same name, where given"},
      Field{"pwd", &Login::password, "at most 1024 bytes"},
  };
};

template <>
struct Fields<WhoAmI> {
  static constexpr std::tuple list{
      Field{"user_name", &WhoAmI::userName, "null for the operator"},
      Field{"role", &WhoAmI::role, "null for the operator"},
      Field{"kind", &WhoAmI::kind, "session, token or operator"},
      Field{"scope", &WhoAmI::scope, "a token's"},
      Field{"expires", &WhoAmI::expires, "when the session or token ends"},
  };
};

}  // namespace video
