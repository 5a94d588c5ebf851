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
struct Fields<Session> {
  static constexpr std::string_view plural = "sessions";
  static constexpr std::tuple list{
      Field{"id", &Session::id, "names the session, is no secret"},
      Field{"user_name", &Session::userName, "whose"},
      Field{"create_time", &Session::created, "when it began"},
      Field{"expires", &Session::expires, "when it ends"},
      Field{"current", &Session::current, "whether it is the one of this request"},
  };
};

template <>
struct Fields<SessionRef> {
  static constexpr std::tuple list{Field{"id", &SessionRef::id, "the session's id"}};
};

template <>
struct Fields<WhoAmI> {
  static constexpr std::tuple list{
      Field{"user_name", &WhoAmI::userName, "null for the operator"},
      Field{"role", &WhoAmI::role, "null for the operator"},
      Field{"kind", &WhoAmI::kind, "session, token or operator"},
      Field{"scope", &WhoAmI::scope, "a token's"},
      Field{"expires", &WhoAmI::expires, "when the session or token ends"},
      Field{"needs_old_pwd", &WhoAmI::needsOldPassword, "whether it must give the old password to set a new one"},
  };
};

}  // namespace video
