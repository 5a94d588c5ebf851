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
      Field{"name", &Login::name, "user name"},
      Field{"user_name", &Login::again, "the same name again, optional"},
      Field{"pwd", &Login::password, "password, at most 1024 bytes"},
  };
};

template <>
struct Fields<Session> {
  static constexpr std::string_view plural = "sessions";
  static constexpr std::tuple list{
      Field{"id", &Session::id, "the session's id, not a secret"},
      Field{"user_name", &Session::userName, "user of the session"},
      Field{"create_time", &Session::created, "when the session began"},
      Field{"expires", &Session::expires, "when the session expires"},
      Field{"current", &Session::current, "whether this request used it"},
  };
};

template <>
struct Fields<SessionRef> {
  static constexpr std::tuple list{Field{"id", &SessionRef::id, "the session's id"}};
};

template <>
struct Fields<WhoAmI> {
  static constexpr std::tuple list{
      Field{"user_name", &WhoAmI::userName, "user name; null for the operator"},
      Field{"role", &WhoAmI::role, "user, moderator or admin; null for the operator"},
      Field{"kind", &WhoAmI::kind, "session, token or operator"},
      Field{"scope", &WhoAmI::scope, "scope of the token"},
      Field{"expires", &WhoAmI::expires, "when the session or token expires"},
      Field{"needs_old_pwd", &WhoAmI::needsOldPassword, "whether setting a new password needs the old one"},
  };
};

}  // namespace video
