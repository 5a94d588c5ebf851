#pragma once

#include <array>
#include <utility>

#include "users/users.hpp"

namespace video {

template <>
struct Names<Role> {
  static constexpr std::array list{std::pair{Role::user, "user"}, std::pair{Role::admin, "admin"}};
};

template <>
struct Fields<User> {
  static constexpr std::string_view plural = "users";
  static constexpr std::tuple list{
      Field{"id", &User::id, "number, never used again"},
      Field{"user_name", &User::name, "unique, case aside"},
      Field{"role", &User::role, "user or admin"},
      Field{"disabled", &User::disabled, "whether the user is kept out"},
      Field{"create_time", &User::created, "when the account was made"},
      Field{"video_count", &User::videoCount, "videos pending or ready"},
      Field{"bytes_used", &User::bytesUsed, "bytes stored, trash included"},
      Field{"bytes_trash", &User::bytesTrash, "bytes of deleted videos"},
      Field{"bytes_quota", &User::bytesQuota, "quota in force; 0 = none"},
      Field{"bytes_quota_own", &User::ownQuota, "own quota; null = the default, 0 = none"},
  };
};

template <>
struct Fields<NewUser> {
  static constexpr std::tuple list{
      Field{"user_name", &NewUser::name, "1 to 64 of A-Z a-z 0-9 _ . -, first a letter, digit or _"},
      Field{"pwd", &NewUser::password, "at most 1024 bytes"},
      Field{"role", &NewUser::role, "admin, operator only"},
      Field{"bytes_quota_own", &NewUser::ownQuota, "admin, operator only"},
  };
};

template <>
struct Fields<SignedIn> {
  static constexpr std::tuple list{
      Field{"success", &SignedIn::success, "always true"},
      Field{"session_id", &SignedIn::sessionId, "the new session's secret"},
      Field{"user_name", &SignedIn::userName, "who"},
  };
};

template <>
struct Fields<UserName> {
  static constexpr std::tuple list{Field{"user_name", &UserName::name, "the user"}};
};

template <>
struct Fields<OfUser> {
  static constexpr std::tuple list{Field{"user_name", &OfUser::name, "one user's"}};
};

template <>
struct Fields<OfUserQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"user_name", &OfUserQuery::name, "one user's"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<ChangeUser> {
  static constexpr std::tuple list{
      Field{"user_name", &ChangeUser::name, "the user"},
      Field{"pwd", &ChangeUser::password, "the new password"},
      Field{"old_pwd", &ChangeUser::oldPassword, "the password so far; an admin and the operator need none"},
      Field{"role", &ChangeUser::role, "user or admin; admin, operator only"},
      Field{"bytes_quota_own", &ChangeUser::ownQuota, "admin, operator only"},
      Field{"disabled", &ChangeUser::disabled, "admin, operator only"},
  };
};

template <>
struct Fields<RemoveUser> {
  static constexpr std::tuple list{
      Field{"user_name", &RemoveUser::name, "the user"},
      Field{"transfer_videos_to", &RemoveUser::transferVideosTo, "a user who takes the videos"},
  };
};

}  // namespace video
