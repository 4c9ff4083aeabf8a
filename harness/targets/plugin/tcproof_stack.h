/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcproof_stack.h - a TCP/IP stack of your own under tcproof. C11, no dependency.
 *
 * Build your stack as a shared object that exports one function,
 *
 *     const struct tcproof_stack_functions *tcproof_stack(void);
 *
 * and run `tcproof run --target plugin:./libmystack.so`. docs/plugin.md leads from nothing to the
 * first verdict, `tcproof init plugin DIR` writes a skeleton that compiles.
 *
 * Threads. Every function is called from one thread, one at a time. A stack must not start threads:
 * time stands still while none of its functions runs.
 *
 * Time. Nanoseconds that the harness gives, from an arbitrary start, never backwards. A stack never
 * reads a clock and never sleeps: what it wants to do later it announces by next_deadline().
 *
 * Blocking. No call waits. What would have to wait says so (see each call) and is made again later.
 *
 * Ownership. Memory handed to a function is valid until that function returns; whoever wants to keep
 * it copies it. This holds in both directions.
 *
 * Processes. Each case has a process of its own, forked from one that has loaded the library, called
 * tcproof_stack() and nothing else. Whatever the stack does there (crash, hang, overwrite memory) is
 * the result of that case and of no other.
 *
 * Optional. A function pointer may be NULL unless its comment says otherwise. Cases that need it are
 * then skipped.
 *
 * Versions. Every table carries its size. Members are only ever added at the end, so a stack
 * compiled against an older header runs under a newer harness: what it does not know counts as NULL.
 */
#ifndef TCPROOF_STACK_H
#define TCPROOF_STACK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Seen from outside the shared object even if all else is hidden. */
#if defined(__GNUC__)
#define TCPROOF_EXPORT __attribute__((visibility("default")))
#else
#define TCPROOF_EXPORT
#endif

/* Raised when something changes that an older stack or harness would misunderstand. */
#define TCPROOF_STACK_ABI 1u

/* The stack's own object, one for each case. Only the stack knows what is in it. */
typedef struct tcproof_stack_instance tcproof_stack_instance;

/* A connection, a listener or a bound UDP port of one instance, as the stack likes to count; 0 is
 * none. */
typedef uint32_t tcproof_handle;

/* A time in nanoseconds. */
typedef uint64_t tcproof_time;
#define TCPROOF_NEVER UINT64_MAX

/* What a call came to; RFC 9293 section 3.9.1's words in quotes. */
enum tcproof_outcome {
  TCPROOF_OK = 0,
  TCPROOF_CLOSING = 1,       /* "connection closing"; of receive: the end of the peer's data */
  TCPROOF_RESET = 2,         /* "connection reset" by the peer, or aborted by the user */
  TCPROOF_REFUSED = 3,       /* "connection refused" */
  TCPROOF_TIMED_OUT = 4,     /* "connection aborted due to user timeout" */
  TCPROOF_NO_CONNECTION = 5, /* "connection does not exist" */
  TCPROOF_EXISTS = 6,        /* "connection already exists" */
  TCPROOF_ILLEGAL = 7,       /* "connection illegal for this process" */
  TCPROOF_UNSPECIFIED = 8,   /* "remote socket unspecified" */
  TCPROOF_NO_RESOURCES = 9,  /* "insufficient resources" */
  TCPROOF_UNREACHABLE = 10,  /* an ICMP error or no route ended it */
  TCPROOF_NOTHING = 11,      /* of udp_receive: no datagram waits */
  TCPROOF_UNSUPPORTED = 12   /* this stack cannot do that: the case is skipped */
};

/* RFC 9293 section 3.3.2. */
enum tcproof_state {
  TCPROOF_CLOSED = 0, /* also: there is no such connection */
  TCPROOF_LISTEN = 1,
  TCPROOF_SYN_SENT = 2,
  TCPROOF_SYN_RECEIVED = 3,
  TCPROOF_ESTABLISHED = 4,
  TCPROOF_FIN_WAIT_1 = 5,
  TCPROOF_FIN_WAIT_2 = 6,
  TCPROOF_CLOSE_WAIT = 7,
  TCPROOF_CLOSE_IN_PROGRESS = 8, /* CLOSING */
  TCPROOF_LAST_ACK = 9,
  TCPROOF_TIME_WAIT = 10
};

/* How much of its states a stack shows. */
enum tcproof_state_report {
  TCPROOF_STATES_NONE = 0,    /* state() is NULL: states are not compared */
  TCPROOF_STATES_SAMPLED = 1, /* state() tells the state a connection is in */
  TCPROOF_STATES_EVERY = 2    /* and the transition() service hears of every change, in order */
};

/* `family` is 4 or 6. IPv4 uses the first four octets, the others are 0. Network byte order. */
struct tcproof_address {
  uint8_t family;
  uint8_t octets[16];
};

struct tcproof_endpoint {
  struct tcproof_address address;
  uint16_t port; /* a number, host byte order */
};

/* An option of an OPEN or of set(): the words of docs/case-language.md section 5. Durations are in
 * nanoseconds, switches 0 or 1. A stack that does not know a name answers TCPROOF_UNSUPPORTED and
 * does nothing. -1 for a duration is "on", as long as the stack likes. nodelay, mss, ttl, tos,
 * user-timeout, keep-alive, linger, receive-buffer, send-buffer, urgent-inline, fast-open; backlog
 * (passive OPEN), initial-sequence-number (either OPEN, if the stack has the feature isn-control),
 * local and source-route (an OPEN from this address and by way of that host: IPv4 as a number),
 * remote and remote-port (a passive OPEN for this peer alone, which a SEND makes a call of). */
struct tcproof_option {
  const char* name;
  int64_t value;
};

/* A word with a text: `--target plugin:FILE,name=text`, or a declared value. */
struct tcproof_parameter {
  const char* name;
  const char* text;
};

/* What an instance is told when it is made: an end system on one Ethernet link. A family of address
 * 0 means that the host has none of that version: it neither sends nor answers it. */
struct tcproof_configuration {
  size_t size; /* of this table */
  uint8_t mac[6];
  uint32_t mtu; /* of the link: octets of an IP packet */
  struct tcproof_address v4, v6;
  uint8_t v4_prefix, v6_prefix;                /* lengths */
  struct tcproof_address v4_router, v6_router; /* the default router; family 0: none */
  uint64_t seed;                               /* keys all that is random: same seed, same octets */
  const struct tcproof_parameter* parameters;  /* from the command line, for the stack alone */
  size_t parameter_count;
  const char* const*
      features; /* what the target's profile declares: a stack that can should behave so */
  size_t feature_count;
  /* 0: the host has had its addresses for a while. 1: its interface comes up now, with what follows
   * from that (duplicate address detection, router solicitations); only for a stack with the
   * feature interface-start. */
  int starts_up;
};

/* What the harness does for a stack. Valid as long as the instance. No stack function is called
 * from within. */
struct tcproof_services {
  size_t size;   /* of this table */
  void* context; /* the first argument of each of them */
  /* The stack sends an Ethernet frame: destination, source, type, packet; no check sequence.
   * Padding is optional. */
  void (*output)(void* context, const uint8_t* frame, size_t length);
  /* With TCPROOF_STATES_EVERY: a change of state. `rule` is a word for reports or NULL. */
  void (*transition)(void* context, tcproof_handle handle, enum tcproof_state from,
                     enum tcproof_state to, const char* rule);
  /* A word for `tcproof run -v`, e.g. why a segment was dropped. */
  void (*note)(void* context, const char* text);
  /* The next number of a sequence that follows from the seed. */
  uint64_t (*random)(void* context);
};

struct tcproof_stack_functions {
  uint32_t abi; /* TCPROOF_STACK_ABI */
  size_t size;  /* of this table */
  const char *name, *version;
  enum tcproof_state_report states;
  /* Words of a profile's features, NULL at the end: what the stack has. Cases that need another are
   * skipped. ipv4 ipv6 sack timestamps window-scale ecn urgent keep-alive path-mtu-discovery
   * challenge-ack delayed-ack half-close user-timeout fast-open isn-control neighbour-flush
   * limited-transmit interface-start; specs/targets has them all. */
  const char* const* features;
  /* Values of a profile, {NULL, NULL} at the end, as {"rto_min", "200ms"} or
   * {"challenge_ack_limit", "100"}. */
  const struct tcproof_parameter* values;

  /* --- The instance. Must be there. --- */

  /* NULL: it cannot be made, and the case fails. The tables' memory is gone when this returns, but
   * for what the services point to. */
  tcproof_stack_instance* (*create)(const struct tcproof_configuration* configuration,
                                    const struct tcproof_services* services, tcproof_time now);
  /* Gives back everything. Nothing may be sent any more. */
  void (*destroy)(tcproof_stack_instance* stack);
  /* A frame has arrived on the link; not all are for this host. */
  void (*input)(tcproof_stack_instance* stack, const uint8_t* frame, size_t length,
                tcproof_time now);
  /* When advance() wants to be called; TCPROOF_NEVER: not unless something comes in. Asked after
   * every other call. */
  tcproof_time (*next_deadline)(tcproof_stack_instance* stack);
  /* It is `now`: do what is due. Afterwards next_deadline() must be later than `now`. */
  void (*advance)(tcproof_stack_instance* stack, tcproof_time now);

  /* --- TCP user calls, RFC 9293 section 3.9.1 --- */

  /* Waits for a connection to `port` from anywhere (family 4 or 6). The connection of the first SYN
   * takes the handle; several passive OPENs of one port take one connection each. */
  enum tcproof_outcome (*open_passive)(tcproof_stack_instance* stack, int family, uint16_t port,
                                       const struct tcproof_option* options, size_t option_count,
                                       tcproof_time now, tcproof_handle* handle);
  /* `local_port` 0: an ephemeral one. */
  enum tcproof_outcome (*open_active)(tcproof_stack_instance* stack,
                                      const struct tcproof_endpoint* remote, uint16_t local_port,
                                      const struct tcproof_option* options, size_t option_count,
                                      tcproof_time now, tcproof_handle* handle);
  /* Takes as much as there is room for and says how much in *taken; the rest is offered again.
   * `push`: the PUSH flag is wanted; `urgent`: the text is urgent data. */
  enum tcproof_outcome (*send)(tcproof_stack_instance* stack, tcproof_handle handle,
                               const uint8_t* text, size_t length, int push, int urgent,
                               tcproof_time now, size_t* taken);
  /* Fills up to `room` octets and says how many in *got; TCPROOF_OK with 0: nothing yet, asked
   * again later. */
  enum tcproof_outcome (*receive)(tcproof_stack_instance* stack, tcproof_handle handle,
                                  uint8_t* into, size_t room, tcproof_time now, size_t* got);
  /* No more will be sent; what the peer sends is still received. */
  enum tcproof_outcome (*close)(tcproof_stack_instance* stack, tcproof_handle handle,
                                tcproof_time now);
  enum tcproof_outcome (*abort)(tcproof_stack_instance* stack, tcproof_handle handle,
                                tcproof_time now);
  /* Ends one direction or both, where the stack's own interface can. */
  enum tcproof_outcome (*shutdown)(tcproof_stack_instance* stack, tcproof_handle handle,
                                   int sending, int receiving, tcproof_time now);
  /* `subject` "connection": TCPROOF_OK or the error that ended it. "mss" (what a segment may
   * carry), "unread" (octets that wait for receive), "urgent" (of them, up to the urgent pointer),
   * "path-mtu", "retransmissions" (how often the earliest segment has been sent again since the
   * peer acknowledged anything), "source" (the IPv4 address that is sent from, as a number): a
   * number in *number. */
  enum tcproof_outcome (*status)(tcproof_stack_instance* stack, tcproof_handle handle,
                                 const char* subject, int64_t* number);
  enum tcproof_outcome (*set)(tcproof_stack_instance* stack, tcproof_handle handle,
                              const struct tcproof_option* option, tcproof_time now);
  /* A connection that is gone is TCPROOF_CLOSED. */
  enum tcproof_state (*state)(tcproof_stack_instance* stack, tcproof_handle handle);
  /* 1 and the other end of the connection, or 0 as long as there is none. Without it cases with
   * several connections to one listener cannot tell them apart. */
  int (*remote)(tcproof_stack_instance* stack, tcproof_handle handle,
                struct tcproof_endpoint* endpoint);

  /* --- UDP --- */

  enum tcproof_outcome (*udp_open)(tcproof_stack_instance* stack, int family, uint16_t port,
                                   tcproof_handle* handle);
  enum tcproof_outcome (*udp_send)(tcproof_stack_instance* stack, tcproof_handle handle,
                                   const struct tcproof_endpoint* remote, const uint8_t* data,
                                   size_t length, tcproof_time now);
  /* The oldest datagram that waits, cut to `room`, or TCPROOF_NOTHING. */
  enum tcproof_outcome (*udp_receive)(tcproof_stack_instance* stack, tcproof_handle handle,
                                      uint8_t* into, size_t room, size_t* got);
  /* An ICMP error that came for this port since the last look, else TCPROOF_OK. */
  enum tcproof_outcome (*udp_error)(tcproof_stack_instance* stack, tcproof_handle handle);
  /* Of the datagrams sent from now on: ttl, tos, ip-options (the only word of IPv4 options, as a
   * number; 0: none), local (the source address, as in an OPEN). */
  enum tcproof_outcome (*udp_set)(tcproof_stack_instance* stack, tcproof_handle handle,
                                  const struct tcproof_option* option);
  void (*udp_close)(tcproof_stack_instance* stack, tcproof_handle handle);

  /* --- The host --- */

  /* Sends one echo request with `octets` octets of data. */
  enum tcproof_outcome (*ping)(tcproof_stack_instance* stack, const struct tcproof_address* remote,
                               size_t octets, tcproof_time now);
  /* Forgets all of `what`: "neighbours" (ARP and ND), "path-mtu". */
  enum tcproof_outcome (*flush)(tcproof_stack_instance* stack, const char* what);
  /* The host's configuration from now on: "default-ttl". */
  enum tcproof_outcome (*host_set)(tcproof_stack_instance* stack,
                                   const struct tcproof_option* option);

  /* --- UDP again --- */

  /* `subject` "source" as in status(); of the datagram received last "destination" (the IPv4
   * address it was sent to, as a number), "tos" and "ip-options" (the first word of its IPv4
   * options, 0 if it has none). */
  enum tcproof_outcome (*udp_status)(tcproof_stack_instance* stack, tcproof_handle handle,
                                     const char* subject, int64_t* number);
};

/* The one symbol a plugin exports. The table is constant and lives as long as the library. */
TCPROOF_EXPORT const struct tcproof_stack_functions* tcproof_stack(void);

#ifdef __cplusplus
}
#endif

#endif
