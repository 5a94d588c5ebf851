#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/rights.hpp"
#include "base/clock.hpp"
#include "base/credential.hpp"
#include "base/identity.hpp"
#include "base/ids.hpp"
#include "base/visibility.hpp"
#include "observe/log.hpp"
#include "store/database.hpp"

namespace video::access {

/// Configuration of accounts, passwords and sessions (`[access]` in videod.toml).
struct AccessOptions {
  bool openRegistration = true;
  std::size_t minPassword = 8;  ///< bytes; applies to new passwords
  std::uint64_t passwordOpslimit = 2;
  std::uint64_t passwordMemlimit = 19ULL << 20;  ///< bytes
  std::size_t passwordParallel = 1;              ///< hashing threads
  std::size_t loginAttempts = 10;                ///< per address, and per name and address, per window
  std::chrono::milliseconds loginWindow{15 * 60'000};
  std::size_t registrationsPerHour = 20;  ///< per address; 0: no limit
  std::size_t commentsPerMinute = 30;     ///< per account; 0: no limit
  std::size_t importsPerHour = 60;        ///< files of danmaku per account; 0: no limit
  std::size_t reportsPerHour = 20;        ///< per address; 0: no limit
  std::chrono::milliseconds sessionTtl{30 * 60'000};
  bool slidingSessions = true;
  std::chrono::milliseconds sessionMax{std::chrono::hours{24 * 30}};  ///< a session's longest life; 0: no limit
  std::size_t sessionCache = 100'000;
  std::chrono::milliseconds uploadLinkTtl{3'600'000};
  StreamAccess stream = StreamAccess::everyone;

  /// Returns how long a new session lasts unless it is extended.
  std::chrono::milliseconds newSessionTtl() const {
    return sessionMax.count() == 0 ? sessionTtl : std::min(sessionTtl, sessionMax);
  }
};

/// The SHA-256 of the secret of a session or token, under which it is stored and looked up.
using SecretKey = std::array<unsigned char, 32>;

/// The identity behind a credential at the time of the call.
struct Identity {
  enum class Kind { anonymous, session, token, link, operator_ };
  Kind kind = Kind::anonymous;
  UserId user{};           ///< 0 for anonymous callers, links, and the operator without `as`
  std::string userName{};  ///< empty if `user` is 0
  Role role = Role::user;
  Scope scope = Scope::full;      ///< scope of a token; otherwise full
  std::optional<Time> expires{};  ///< of a session or token
  SecretKey key{};                ///< of a session or token
  std::string publicId{};         ///< of a session or token; not a secret
  std::optional<Time> latest{};   ///< when a session ends at the latest, however much it is used; none: no limit
  bool isUser() const { return user.value != 0; }
  /// Returns the user, for a row that says who did something; nothing for the operator without `as`.
  std::optional<UserId> doer() const { return isUser() ? std::optional(user) : std::nullopt; }
};

/// The result of checking a password against a hash.
struct Verified {
  bool right = false;
  std::string newHash{};  ///< a new hash, if the password is right and the old hash cost less than new ones do
};

/// A caller that waits for a password to be hashed. Waiting callers take turns by address and by account.
struct Asker {
  std::string_view address{};  ///< client address; empty: not counted by it
  std::string_view account{};  ///< user name, ignoring case; empty: not counted by it
  bool known = false;          ///< has signed in before or is the operator, and is served first
};

/// A new secret, and the hash that its row is found by. Only the hash is stored.
struct NewSecret {
  std::string text;
  std::string hash;
};

/// Makes the secret of a new session: 256 random bits.
NewSecret makeSessionSecret();
/// Makes the secret of a new token, which begins with `vdt_`.
NewSecret makeTokenSecret();
/// Returns the hash of the session or token of `who`, as stored in the tables; empty if there is none.
std::string hashOf(const Identity& who);

/// Counts of the cache of sessions and tokens since the program started.
struct CacheCounts {
  std::size_t entries = 0;  ///< now
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;  ///< lookups that had to read the database
};

/// Turns credentials into identities, with a cache of sessions and tokens. May be used from any thread. Functions that
/// take a Transaction are for use inside a write.
class Access {
 public:
  /// `elapsed` measures the waits after failed or too many attempts.
  Access(store::Database& database, const AccessOptions& options, const Clock& clock,
         const Clock& elapsed = bootClock());
  ~Access();

  /// Returns the identity of `by`. Throws unauthenticated for a secret that is unknown, ended or expired, or whose user
  /// is disabled or deleted; if such a secret was sent as a cookie, the caller is anonymous instead. A link is not
  /// checked (see `checkLink`). Extends a sliding session, at most once a minute.
  Identity identify(const Credential& by);
  /// Does the same inside a write, from the rows alone. An operation that changes something must use this one.
  Identity identify(store::Transaction& transaction, const Credential& by);

  /// Describes the caller for the log; extends no session. A secret that is unknown or cannot be looked up is left out.
  observe::LoggedCaller describe(const Credential& by) noexcept;

  /// Hashes a new password (argon2id) on the hashing threads, for `who` at `address` (empty: not counted by it). Throws
  /// malformed (too short, over 1024 bytes), tooMany.
  std::string hashPassword(const Identity& who, std::string_view address, std::string_view password);
  /// The same for a new account. Unless `who` may add any user, the registration counts against those of the address.
  std::string hashRegistration(const Identity& who, std::string_view address, std::string_view password);
  /// Counts a comment of `who`, except the operator's. Throws tooMany.
  void countComment(const Identity& who);
  /// Takes the comment back that `countComment` has counted.
  void uncountComment(const Identity& who);
  /// Counts a file of danmaku that `who` imports, except the operator's. Throws tooMany.
  void countImport(const Identity& who);
  /// Counts a report of `who` from `address` (empty: not counted), except the operator's. Throws tooMany.
  void countReport(const Identity& who, std::string_view address);
  /// Whether `password` is the one of `hash`; with an empty hash takes as long and says no. A try at the password of
  /// `name` from `address` (empty: not counted by it). Throws malformed, tooMany (too many tries, or callers).
  Verified verifyPassword(std::string_view name, std::string_view address, std::string_view hash,
                          std::string_view password);

  /// Returns the user whose objects a request is about. With a name: that user; throws forbidden or notFound unless
  /// `of` allows it. Without: nothing, for the objects of all users, if `all` allows it; otherwise the caller.
  std::optional<UserId> whose(store::Reader& reader, const Identity& who, const std::optional<std::string>& name,
                              const Right& of, const Right& all);

  /// Removes at most `limit` sessions or tokens of one user or of all users. Returns how many.
  using RemoveSome =
      std::function<std::int64_t(store::Transaction& transaction, std::optional<UserId> user, std::int64_t limit)>;
  /// Revokes the sessions or tokens of the user that `whose` returns, in steps, so that the writer is never held for
  /// long. The caller needs the right `own` and those that `whose` requires. Must not be called inside a write. Throws
  /// unauthenticated, forbidden, notFound.
  void revokeAll(const Credential& by, const std::optional<std::string>& name, const Right& own, const Right& of,
                 const Right& all, const RemoveSome& remove);

  /// Returns the query `?share=&exp=&sig=` for uploading to a video, valid for uploadLinkTtl, as long as the video is
  /// this owner's.
  std::string uploadLink(const VideoId& video, UserId owner);
  /// Returns the time before which uploadLink has made only links that have expired.
  Time uploadLinksSince() const;
  /// Returns the query `?share=&exp=&sig=` of a share, for `what` (view, upload).
  std::string link(std::string_view share, const VideoId& video, std::string_view what, Time expires);
  /// Returns the query `?share=&exp=&sig=` of a drop link of a user.
  std::string dropLink(const ShareId& share, UserId owner, Time expires);
  /// Throws forbidden unless `link` was signed as this drop link, and the user is not disabled. The caller knows that
  /// it has not been revoked.
  void checkDropLink(store::Reader& reader, const SignedLink& link, const ShareId& share, UserId owner);
  /// Throws forbidden unless `link` was signed for this use (view, upload), has not been revoked, and the video's owner
  /// is not disabled. It must not have expired by now, or by `at`.
  void checkLink(store::Reader& reader, const SignedLink& link, const VideoId& video, std::string_view what,
                 std::optional<Time> at = {});

  /// Throws unless the caller may see the video (see mayView); nothing stands for a video that does not exist. `who` is
  /// the identity of `by`. Throws forbidden for a link that is not valid, unauthenticated if nothing is shown without
  /// signing in, otherwise `absent`.
  void requireView(store::Reader& reader, const Credential& by, const Identity& who, const VideoId& id,
                   const std::optional<ViewedVideo>& video, const Error& absent);
  /// Does what requireOn does for an operation on a video: one that the caller may not see does not exist.
  void requireOnVideo(const Identity& who, const Right& right, const std::optional<ViewedVideo>& video,
                      const Error& absent) const;
  /// Returns whether the caller may see the video without a link.
  bool mayView(const Identity& who, const ViewedVideo& video) const;
  /// Returns whether the caller may see more of a listed video than who published it under which name.
  bool mayViewListed(const Identity& who, UserId owner) const;

  /// Fills the cache from the database in the background. Secrets not yet loaded are looked up as usual.
  void loadInBackground();
  /// Does the same at once. Returns the number of sessions and tokens in the cache.
  std::size_t load();
  /// Returns the counts of the cache.
  CacheCounts cacheCounts() const;

  /// Returns when something ends that a request wants to last until `time` or, which takes precedence, for `lasting`
  /// milliseconds from now; nothing if it says neither. Throws malformed, naming the field that was given,
  /// unless that is in the future, and at most 100 years from now.
  std::optional<Time> endOf(const std::optional<Time>& time, const std::optional<std::int64_t>& lasting,
                            std::string_view timeField = "expires",
                            std::string_view lastingField = "expires_in_ms") const;

  const AccessOptions& options() const;
  Time now() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace video::access
