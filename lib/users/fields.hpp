#pragma once

#include <tuple>

#include "users/users.hpp"

namespace video {

template <>
struct Fields<User> {
  static constexpr std::string_view plural = "users";
  static constexpr std::string_view identifier = "user_name";  // what every command takes
  static constexpr std::tuple list{
      Field{"id", &User::id, "the user's number, never reused"},
      Field{"user_name", &User::name, "unique, ignoring case"},
      Field{"role", &User::role, "user, moderator or admin"},
      Field{"disabled", &User::disabled, "whether the user is disabled"},
      Field{"create_time", &User::created, "when the account was created"},
      Field{"video_count", &User::videoCount, "number of pending and ready videos"},
      Field{"bytes_used", &User::bytesUsed, "bytes stored, including the trash"},
      Field{"bytes_trash", &User::bytesTrash, "bytes of deleted videos not yet purged"},
      Field{"bytes_quota", &User::bytesQuota, "quota in effect, in bytes; 0 = unlimited"},
      Field{"bytes_quota_own", &User::ownQuota,
            "the user's own quota, in bytes; null = use the default, 0 = unlimited"},
      Field{"display_name", &User::displayName, "shown beside the user name; not unique; left out if there is none"},
      Field{"muted_until", &User::mutedUntil, "the user cannot comment or report until this time"},
      Field{"history_off", &User::historyOff, "true: no history of what the user watches is kept; otherwise left out"},
  };
};

template <>
struct Fields<KeptToken> {
  static constexpr std::tuple list{
      Field{"id", &KeptToken::id, "the token's id, not a secret"},
      Field{"label", &KeptToken::label, "what the token is for"},
      Field{"expires", &KeptToken::expires, "when the token expires; null = never"},
  };
};

template <>
struct Fields<ChangedUser> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<User>::list,
                     std::tuple{Field{"tokens", &ChangedUser::tokens, "after a new password: tokens that stay valid"}});
};

template <>
struct Fields<NewUser> {
  static constexpr std::tuple list{
      Field{"user_name", &NewUser::name, "1 to 64 characters A-Z a-z 0-9 _ . -, not beginning with . or -"},
      Field{"pwd", &NewUser::password, "password, at most 1024 bytes"},
      Field{"role", &NewUser::role, "user, moderator or admin; only for admins and the operator"},
      Field{"bytes_quota_own", &NewUser::ownQuota, "quota in bytes; only for admins and the operator"},
      Field{"display_name", &NewUser::displayName, "shown beside the user name, 1 to 64 characters"},
  };
};

template <>
struct Fields<SignedIn> {
  static constexpr std::tuple list{
      Field{"success", &SignedIn::success, "always true"},
      Field{"session_id", &SignedIn::sessionId, "the new session's secret"},
      Field{"user_name", &SignedIn::userName, "the user"},
  };
};

template <>
struct Fields<UserName> {
  static constexpr std::tuple list{Field{"user_name", &UserName::name, "the user"}};
};

template <>
struct Fields<OfUser> {
  static constexpr std::tuple list{Field{"user_name", &OfUser::name, "only those of this user"}};
};

template <>
struct Fields<OfUserQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{Field{"user_name", &OfUserQuery::name, "only those of this user"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<ChangeUser> {
  static constexpr std::tuple list{
      Field{"user_name", &ChangeUser::name, "the user"},
      Field{"pwd", &ChangeUser::password, "the new password"},
      Field{"old_pwd", &ChangeUser::oldPassword, "the old password; not needed by admins and the operator"},
      Field{"role", &ChangeUser::role, "user, moderator or admin; only for admins and the operator"},
      Field{"bytes_quota_own", &ChangeUser::ownQuota,
            "quota in bytes, null = use the default; only for admins and the operator"},
      Field{"disabled", &ChangeUser::disabled, "whether to disable the user; only for admins and the operator"},
      Field{"revoke_tokens", &ChangeUser::revokeTokens, "with a new password: also revoke the user's tokens"},
      Field{"display_name", &ChangeUser::displayName, "shown beside the user name, 1 to 64 characters, null = none"},
      Field{"history_off", &ChangeUser::historyOff, "whether to stop keeping a history of what the user watches"},
  };
};

template <>
struct Fields<RemoveUser> {
  static constexpr std::tuple list{
      Field{"user_name", &RemoveUser::name, "the user"},
      Field{"transfer_videos_to", &RemoveUser::transferVideosTo, "user who gets the videos"},
  };
};

template <>
struct Fields<MuteUser> {
  static constexpr std::tuple list{
      Field{"user_name", &MuteUser::name, "the user"},
      Field{"until", &MuteUser::until, "when the user may comment and report again"},
      Field{"for_ms", &MuteUser::forMs,
            "how long not, in milliseconds by the server's clock; takes precedence over until"},
  };
};

}  // namespace video
