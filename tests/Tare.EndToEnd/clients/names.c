/*
 * A little DNS server and a client that shows what an answer is. Compiled by the tests, without any library at run time, so that it
 * runs in every container and on the host of every engine.
 *
 *   names serve ADDRESS PORT [TAG]       UDP and TCP. Everything below "upstream.test" exists: A is 192.0.2.<TAG or 53>, "long…" has 200
 *                                        addresses and needs TCP, TXT is the name that was asked for. All else is NXDOMAIN.
 *                                        Prints a line for each question: TAG, transport, type, name.
 *   names ask ADDRESS PORT udp|tcp TYPE NAME
 *                                        One question. First line: "<rcode> <whole|cut> <count of answers>", then one line for each
 *                                        answer: TYPE and value. Exit code 1 without an answer within 10 s.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { A = 1, PTR = 12, TXT = 16, AAAA = 28, CUT = 0x0200, ANSWER = 0x8000, DESIRED = 0x0100, AVAILABLE = 0x0080, LONG = 200, MOST = 65535 };

static int type_of(const char *name)
{
    return !strcmp(name, "A") ? A : !strcmp(name, "AAAA") ? AAAA : !strcmp(name, "PTR") ? PTR : !strcmp(name, "TXT") ? TXT : atoi(name);
}

static const char *name_of(int type)
{
    static char other[16];
    snprintf(other, sizeof other, "%d", type);
    return type == A ? "A" : type == AAAA ? "AAAA" : type == PTR ? "PTR" : type == TXT ? "TXT" : other;
}

static void put16(unsigned char *at, int value)
{
    at[0] = value >> 8;
    at[1] = value;
}

static int get16(const unsigned char *at)
{
    return at[0] << 8 | at[1];
}

/* Reads a name, with pointers; returns what follows it. */
static int read_name(const unsigned char *message, int length, int at, char *name)
{
    int end = -1, jumps = 0;
    char *out = name;
    while (at < length && message[at] && jumps < 64) {
        if ((message[at] & 0xc0) == 0xc0) {
            if (end < 0)
                end = at + 2;
            at = get16(message + at) & 0x3fff;
            jumps++;
            continue;
        }
        if (out - name + message[at] > 250)
            break;
        if (out != name)
            *out++ = '.';
        memcpy(out, message + at + 1, message[at]);
        out += message[at];
        at += message[at] + 1;
    }
    *out = 0;
    return end < 0 ? at + 1 : end;
}

static int record(unsigned char *out, int type, const void *data, int length)
{
    put16(out, 0xc00c);
    put16(out + 2, type);
    put16(out + 4, 1);
    put16(out + 6, 0);
    put16(out + 8, 60);
    put16(out + 10, length);
    memcpy(out + 12, data, length);
    return 12 + length;
}

static int answer(const unsigned char *question, int length, unsigned char *out, int tcp, const char *tag)
{
    char name[256];
    int after = read_name(question, length, 12, name) + 4;
    if (after > length)
        return 0;
    int type = get16(question + after - 4), count = 0, flags = ANSWER | AVAILABLE | (get16(question + 2) & DESIRED), size = after;
    printf("%s %s %s %s\n", tag, tcp ? "tcp" : "udp", name_of(type), name);
    fflush(stdout);
    memcpy(out, question, after);
    size_t suffix = strlen("upstream.test"), whole = strlen(name);
    int known = whole >= suffix && !strcasecmp(name + whole - suffix, "upstream.test");
    if (known && type == A && !strncasecmp(name, "long", 4) && tcp) {
        for (; count < LONG; count++) {
            unsigned char address[4] = { 198, 51, 100, count };
            size += record(out + size, A, address, 4);
        }
    } else if (known && type == A && !strncasecmp(name, "long", 4)) {
        flags |= CUT;
    } else if (known && type == A) {
        unsigned char address[4] = { 192, 0, 2, atoi(tag) };
        size += record(out + size, A, address, 4);
        count = 1;
    } else if (known && type == TXT) {
        unsigned char text[256];
        text[0] = whole;
        memcpy(text + 1, name, whole);
        size += record(out + size, TXT, text, whole + 1);
        count = 1;
    } else if (!known) {
        flags |= 3;
    }
    put16(out + 2, flags);
    put16(out + 4, 1);
    put16(out + 6, count);
    put16(out + 8, 0);
    put16(out + 10, 0);
    return size;
}

static void address_of(const char *text, const char *port, struct sockaddr_storage *address, socklen_t *length)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (void *)address;
    struct sockaddr_in6 *v6 = (void *)address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(atoi(port));
        *length = sizeof *v4;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(atoi(port));
        *length = sizeof *v6;
    } else {
        fprintf(stderr, "%s is no address\n", text);
        exit(2);
    }
}

static int read_whole(int socket, unsigned char *data, int length)
{
    int done = 0, count;
    while (done < length && (count = read(socket, data + done, length - done)) > 0)
        done += count;
    return done == length;
}

static void check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void serve(const char *at, const char *port, const char *tag)
{
    static unsigned char in[MOST + 2], out[MOST + 2];
    struct sockaddr_storage address, from;
    socklen_t length;
    int on = 1;
    address_of(at, port, &address, &length);
    int udp = socket(address.ss_family, SOCK_DGRAM, 0), tcp = socket(address.ss_family, SOCK_STREAM, 0);
    setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check(bind(udp, (void *)&address, length), "bind");
    check(bind(tcp, (void *)&address, length), "bind");
    check(listen(tcp, 16), "listen");
    printf("serving\n");
    fflush(stdout);
    for (;;) {
        struct pollfd both[] = { { udp, POLLIN, 0 }, { tcp, POLLIN, 0 } };
        poll(both, 2, -1);
        if (both[0].revents) {
            socklen_t size = sizeof from;
            int count = recvfrom(udp, in, MOST, 0, (void *)&from, &size);
            int reply = count < 17 ? 0 : answer(in, count, out, 0, tag);
            if (reply)
                sendto(udp, out, reply, 0, (void *)&from, size);
        }
        if (both[1].revents) {
            int one = accept(tcp, NULL, NULL);
            struct timeval limit = { 5, 0 };
            setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            if (read_whole(one, in, 2) && read_whole(one, in + 2, get16(in))) {
                int reply = answer(in + 2, get16(in), out + 2, 1, tag);
                put16(out, reply);
                if (reply && write(one, out, reply + 2) < 0)
                    perror("write");
            }
            close(one);
        }
    }
}

static int ask(const char *at, const char *port, int tcp, int type, const char *name)
{
    static unsigned char message[MOST + 2];
    unsigned char *question = message + 2;
    struct sockaddr_storage address;
    socklen_t length;
    address_of(at, port, &address, &length);
    int one = socket(address.ss_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0), size = 12;
    struct timeval limit = { 10, 0 };
    setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    check(connect(one, (void *)&address, length), "connect");
    put16(question, getpid());
    put16(question + 2, DESIRED);
    put16(question + 4, 1);
    for (const char *label = name; *label;) {
        int count = strcspn(label, ".");
        question[size] = count;
        memcpy(question + size + 1, label, count);
        size += count + 1;
        label += count + (label[count] == '.');
    }
    question[size++] = 0;
    put16(question + size, type);
    put16(question + size + 2, 1);
    size += 4;
    put16(message, size);
    check(tcp ? write(one, message, size + 2) : write(one, question, size), "write");
    if (!tcp) {
        size = read(one, question, MOST);
        check(size, "read");
    } else {
        if (!read_whole(one, message, 2) || !read_whole(one, question, get16(message))) {
            fprintf(stderr, "no answer\n");
            return 1;
        }
        size = get16(message);
    }
    int answers = get16(question + 6), offset;
    char text[256];
    printf("%d %s %d\n", question[3] & 15, get16(question + 2) & CUT ? "cut" : "whole", answers);
    offset = read_name(question, size, 12, text) + 4;
    for (int i = 0; i < answers && offset < size; i++) {
        offset = read_name(question, size, offset, text);
        int kind = get16(question + offset), bytes = get16(question + offset + 8);
        offset += 10;
        if (kind == A || kind == AAAA)
            inet_ntop(kind == A ? AF_INET : AF_INET6, question + offset, text, sizeof text);
        else if (kind == PTR)
            read_name(question, size, offset, text);
        else if (kind == TXT)
            snprintf(text, sizeof text, "%.*s", question[offset], question + offset + 1);
        else
            snprintf(text, sizeof text, "%d bytes", bytes);
        printf("%s %s\n", name_of(kind), text);
        offset += bytes;
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count >= 4 && !strcmp(arguments[1], "serve"))
        serve(arguments[2], arguments[3], count > 4 ? arguments[4] : "53");
    if (count == 7 && !strcmp(arguments[1], "ask"))
        return ask(arguments[2], arguments[3], !strcmp(arguments[4], "tcp"), type_of(arguments[5]), arguments[6]);
    fprintf(stderr, "names serve ADDRESS PORT [TAG] | names ask ADDRESS PORT udp|tcp TYPE NAME\n");
    return 2;
}
