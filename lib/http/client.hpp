#pragma once

// The remote half of every room calls through this; rooms rely on these forms only:
//
//   Given call(const Endpoint<Wanted, Given>&, const Credential& by, const Wanted& wanted)
//   void  send(const Endpoint<Wanted, Given>&, const Credential& by, const Wanted& wanted, const ByteSource& bytes)
//   Content open(const Endpoint<Wanted, Content>&, const Credential& by, const Wanted& wanted)
//
// All throw Error: the server's own fault with its detail and Retry-After, or unreachable.
