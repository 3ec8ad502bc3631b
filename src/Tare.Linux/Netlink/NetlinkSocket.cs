using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tare.Linux.Netlink;

/// <summary>
/// A netlink socket: netlink(7). The kernel answers while a request is being sent, and goes on with a list while it is being received: so
/// nothing here ever waits, and an answer that is not there has been lost. For one thread at a time; the namespace is the one in which
/// it was opened.
/// </summary>
internal sealed partial class NetlinkSocket : IDisposable
{
    public const int Route = 0;
    public const int Netfilter = 12;
    public const ushort NLM_F_REQUEST = 0x1;
    public const ushort NLM_F_ACK = 0x4;
    public const ushort NLM_F_DUMP = 0x300;
    public const ushort NLM_F_EXCL = 0x200;
    public const ushort NLM_F_CREATE = 0x400;
    public const ushort NLM_F_APPEND = 0x800;

    private const int AF_NETLINK = 16;
    private const int SOCK_RAW = 3;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOL_SOCKET = 1;
    private const int SO_SNDBUFFORCE = 32;
    private const int SO_RCVBUFFORCE = 33;
    private const int SOL_NETLINK = 270;
    private const int NETLINK_ADD_MEMBERSHIP = 1;
    private const int NETLINK_CAP_ACK = 10;
    private const int NETLINK_EXT_ACK = 11;
    private const int NETLINK_GET_STRICT_CHK = 12;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_DONTWAIT = 0x40;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort NLM_F_DUMP_INTR = 0x10;
    private const ushort NLM_F_CAPPED = 0x100;
    private const ushort NLM_F_ACK_TLVS = 0x200;
    private const ushort NLMSGERR_ATTR_MSG = 1;
    private const int DumpRetries = 8;
    private const int MaxSend = 64 << 20;

    /// <summary>Room for the answers to a whole send; what the kernel keeps for each is some 800 bytes.</summary>
    private const int ReceiveQueue = 1 << 20;

    /// <summary>How many requests are sent at once: their answers fit into the queue even where it cannot be enlarged (212,992 bytes).</summary>
    private const int RequestsAtOnce = 128;

    private readonly Fd socket;
    private readonly byte[] buffer = new byte[64 * 1024]; // more than the kernel puts into one answer
    private uint sequence;
    private int sendQueue = 128 * 1024; // less than the least that systems have

    private NetlinkSocket(Fd socket)
    {
        this.socket = socket;
        Port = ReadPort(socket);
    }

    /// <summary>Takes one message of an answer.</summary>
    public delegate void MessageTaker(ushort kind, ReadOnlySpan<byte> body);

    /// <summary>Takes one message of an answer that is a list, and adds what it means.</summary>
    public delegate void ListTaker<T>(ushort kind, ReadOnlySpan<byte> body, List<T> list);

    /// <summary>Takes one message that the kernel sends by itself.</summary>
    public delegate void NoticeTaker(ushort kind, uint port, ReadOnlySpan<byte> body);

    /// <summary>The descriptor, which is readable when there are notices.</summary>
    public Fd Descriptor => socket;

    /// <summary>The address of this socket (nl_pid), by which the kernel tells others who has changed something.</summary>
    public uint Port { get; }

    /// <summary>Opens a socket.</summary>
    /// <param name="protocol"><see cref="Route"/> or <see cref="Netfilter"/>.</param>
    /// <param name="network">The network namespace; null: this process's.</param>
    /// <exception cref="LinuxException">It cannot be made, or the namespace cannot be entered.</exception>
    public static NetlinkSocket Open(int protocol, Fd? network)
    {
        var fd = network is null ? NewSocket(protocol) : Namespaces.InNetwork(network, () => NewSocket(protocol));
        try
        {
            // Each is from before 4.20, and things work without, but less is told and checked.
            SetOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
            SetOption(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
            SetOption(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
            SetOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, ReceiveQueue);
            return new NetlinkSocket(fd);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with a socket that another process, or an earlier life of this one, has opened; what is left unread in it is nobody's.</summary>
    /// <exception cref="LinuxException">It is no netlink socket.</exception>
    public static NetlinkSocket Adopt(Fd socket) => new(socket);

    /// <summary>Takes part in a group of notices.</summary>
    /// <param name="group">Its number.</param>
    /// <param name="queue">How much the kernel keeps until it is read, in bytes.</param>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Join(int group, int queue)
    {
        SetOption(socket, SOL_SOCKET, SO_RCVBUFFORCE, queue);
        var error = SetOption(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
        if (error != 0) throw new LinuxException($"listen to the netlink group {group}", error);
    }

    /// <summary>Begins requests; their sequence numbers follow those of all before.</summary>
    public NetlinkWriter NewWriter() => new(sequence + 1);

    /// <summary>Sends requests that all ask for an answer (NLM_F_ACK), each on its own: one that fails does not keep the next from being carried out.</summary>
    /// <returns>The answers, in the order of the requests.</returns>
    /// <exception cref="LinuxException">They could not be sent.</exception>
    public NetlinkAnswer[] Exchange(NetlinkWriter requests)
    {
        var answers = new NetlinkAnswer[requests.Count];
        for (var first = 0; first < requests.Count; first += RequestsAtOnce)
        {
            var end = Math.Min(first + RequestsAtOnce, requests.Count);
            Send(requests, first, end);
            Answers(requests.FirstSequence, answers.AsSpan(first, end - first), first);
        }
        return answers;
    }

    /// <summary>Sends messages that are carried out as one, and takes whatever is answered.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="answer">Gets the index of each message that is answered, with its answer.</param>
    /// <exception cref="LinuxException">They could not be sent, or the answers could not be received.</exception>
    public void Transact(NetlinkWriter messages, Action<int, NetlinkAnswer> answer)
    {
        Send(messages, 0, messages.Count);
        var error = Receive(message =>
        {
            var index = message.Sequence - messages.FirstSequence;
            if (message.Kind == NLMSG_ERROR && index < (uint)messages.Count) answer((int)index, ReadAnswer(message));
            return false;
        });
        if (error is not 0 and not Errno.EAGAIN) throw new LinuxException("receive the answers of the kernel", error);
    }

    /// <summary>Sends one request and takes what is answered, until that is the end.</summary>
    /// <param name="request">One message: with NLM_F_ACK, or with NLM_F_DUMP.</param>
    /// <param name="take">Gets each message.</param>
    /// <returns>What the kernel says at the end; EINTR: what was listed has changed meanwhile.</returns>
    /// <exception cref="LinuxException">It could not be sent.</exception>
    public NetlinkAnswer Query(NetlinkWriter request, MessageTaker take)
    {
        Send(request, 0, 1);
        var (interrupted, result) = (false, default(NetlinkAnswer));
        var error = Receive(message =>
        {
            if (message.Sequence != request.FirstSequence) return false;
            interrupted |= (message.Flags & NLM_F_DUMP_INTR) != 0;
            if (message.Kind is NLMSG_DONE or NLMSG_ERROR)
            {
                result = message.Kind == NLMSG_DONE ? ReadEnd(message) : ReadAnswer(message);
                return true;
            }
            take(message.Kind, message.Body);
            return false;
        }, tellLoss: true);
        if (error != 0) return new NetlinkAnswer(error == Errno.EAGAIN ? Errno.EPROTO : error, null);
        return result.IsSuccess && interrupted ? new NetlinkAnswer(Errno.EINTR, null) : result;
    }

    /// <summary>Lists something, again when it has changed meanwhile.</summary>
    /// <param name="operation">What is attempted.</param>
    /// <param name="write">Writes the request, with NLM_F_DUMP.</param>
    /// <param name="take">Adds what a message means.</param>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public List<T> List<T>(string operation, Action<NetlinkWriter> write, ListTaker<T> take)
    {
        var list = new List<T>();
        for (var attempt = 0; ; attempt++)
        {
            list.Clear();
            var request = NewWriter();
            write(request);
            var answer = Query(request, (kind, body) => take(kind, body, list));
            if (answer.IsSuccess) return list;
            if (answer.Error != Errno.EINTR || attempt == DumpRetries) throw answer.ToException(operation);
        }
    }

    /// <summary>Takes the notices that are there, without waiting.</summary>
    /// <returns>False: some were lost, because they were not taken fast enough.</returns>
    /// <exception cref="LinuxException">They cannot be received.</exception>
    public bool Notices(NoticeTaker take)
    {
        var error = Receive(message =>
        {
            take(message.Kind, message.Port, message.Body);
            return false;
        }, tellLoss: true);
        if (error is Errno.EAGAIN or 0) return true;
        return error == Errno.ENOBUFS ? false : throw new LinuxException("receive notices of the kernel", error);
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private void Answers(uint firstSequence, Span<NetlinkAnswer> answers, int first)
    {
        var found = new Dictionary<uint, NetlinkAnswer>(answers.Length);
        var wanted = answers.Length;
        var error = Receive(message =>
        {
            if (message.Kind == NLMSG_ERROR) found[message.Sequence] = ReadAnswer(message);
            return found.Count == wanted;
        });
        for (var i = 0; i < answers.Length; i++)
        {
            // What has become of it is not known.
            answers[i] = found.TryGetValue(firstSequence + (uint)(first + i), out var answer) ? answer : new NetlinkAnswer(error is 0 or Errno.EAGAIN ? Errno.EPROTO : error, null);
        }
    }

    private unsafe void Send(NetlinkWriter requests, int first, int end)
    {
        sequence = requests.FirstSequence + (uint)(requests.Count - 1);
        // What an earlier, failed exchange has left is nobody's answer.
        _ = Receive(static _ => false);
        var bytes = requests.Written[requests.StartOf(first)..requests.StartOf(end)];
        if (bytes.Length > MaxSend) throw new LinuxException($"send {end - first} netlink messages of {bytes.Length} bytes", Errno.EMSGSIZE);
        if (bytes.Length > sendQueue)
        {
            SetOption(socket, SOL_SOCKET, SO_SNDBUFFORCE, bytes.Length + 4096);
            sendQueue = bytes.Length;
        }
        fixed (byte* data = bytes)
        {
            while (send(socket.Number, data, (nuint)bytes.Length, 0) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error != Errno.EINTR) throw new LinuxException($"send {end - first} netlink messages of {bytes.Length} bytes", error);
            }
        }
    }

    /// <summary>Takes messages until one is the last.</summary>
    /// <param name="take">Takes a message.</param>
    /// <param name="tellLoss">Whether it ends with ENOBUFS where messages were lost.</param>
    /// <returns>0; EAGAIN when there are no more; another error number.</returns>
    private unsafe int Receive(RawTaker take, bool tellLoss = false)
    {
        while (true)
        {
            nint count;
            fixed (byte* data = buffer) count = recv(socket.Number, data, (nuint)buffer.Length, MSG_DONTWAIT | MSG_TRUNC);
            if (count < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                // Answers that found no room are known by not being there.
                if (error == Errno.EINTR || (error == Errno.ENOBUFS && !tellLoss)) continue;
                return error;
            }
            if (count > buffer.Length) return Errno.EMSGSIZE;
            for (var rest = buffer.AsSpan(0, (int)count); rest.Length >= NetlinkWriter.HeaderSize;)
            {
                var length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
                if (length < NetlinkWriter.HeaderSize || length > rest.Length) return Errno.EPROTO;
                if (take(new Message(rest[..(int)length]))) return 0;
                rest = rest[Math.Min(rest.Length, ((int)length + 3) & ~3)..];
            }
        }
    }

    /// <summary>struct nlmsgerr: the number, the request's header, the request unless it is left out, attributes.</summary>
    private static NetlinkAnswer ReadAnswer(Message message)
    {
        if (message.Body.Length < 4 + NetlinkWriter.HeaderSize) return new NetlinkAnswer(Errno.EPROTO, null);
        var error = -BinaryPrimitives.ReadInt32LittleEndian(message.Body);
        var leftOut = (message.Flags & NLM_F_CAPPED) != 0 || error == 0;
        var request = leftOut ? NetlinkWriter.HeaderSize : (int)Math.Min((uint)message.Body.Length, BinaryPrimitives.ReadUInt32LittleEndian(message.Body[4..]));
        return new NetlinkAnswer(error, ReadDetail(message, 4 + ((request + 3) & ~3)));
    }

    /// <summary>The end of a list: a number that says what has broken it off, and attributes.</summary>
    private static NetlinkAnswer ReadEnd(Message message) =>
        message.Body.Length < 4 ? default : new NetlinkAnswer(-BinaryPrimitives.ReadInt32LittleEndian(message.Body), ReadDetail(message, 4));

    private static string? ReadDetail(Message message, int offset)
    {
        if ((message.Flags & NLM_F_ACK_TLVS) == 0) return null;
        for (var attributes = NetlinkAttributes.After(message.Body, offset); attributes.Next();)
        {
            if (attributes.Kind == NLMSGERR_ATTR_MSG) return attributes.Text;
        }
        return null;
    }

    private static Fd NewSocket(int protocol)
    {
        var number = NewSocket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        if (number < 0) throw new LinuxException("open a netlink socket", Marshal.GetLastPInvokeError());
        var fd = new Fd(number);
        var address = new SocketAddress { Family = AF_NETLINK };
        if (Bind(number, address) is not 0 and var error)
        {
            fd.Dispose();
            throw new LinuxException("bind a netlink socket", error);
        }
        return fd;
    }

    private static unsafe int Bind(int number, SocketAddress address) => bind(number, &address, (uint)sizeof(SocketAddress)) == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static unsafe uint ReadPort(Fd fd)
    {
        SocketAddress address = default;
        var length = (uint)sizeof(SocketAddress);
        if (getsockname(fd.Number, &address, &length) < 0) throw new LinuxException("ask for the address of a netlink socket", Marshal.GetLastPInvokeError());
        return address.Family == AF_NETLINK ? address.Port : throw new LinuxException($"use {fd} as a netlink socket", Errno.EINVAL);
    }

    private static unsafe int SetOption(Fd fd, int level, int name, int value) =>
        setsockopt(fd.Number, level, name, &value, sizeof(int)) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Takes a message; says whether it was the last.</summary>
    private delegate bool RawTaker(Message message);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int NewSocket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int bind(int fd, SocketAddress* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockname(int fd, SocketAddress* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setsockopt(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint send(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recv(int fd, byte* buffer, nuint length, int flags);

    /// <summary>struct sockaddr_nl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SocketAddress
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }

    /// <summary>A message that was received: struct nlmsghdr and what follows it.</summary>
    private readonly ref struct Message(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> bytes = bytes;

        public ushort Kind => BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);

        public ushort Flags => BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);

        public uint Sequence => BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);

        public uint Port => BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);

        public ReadOnlySpan<byte> Body => bytes[NetlinkWriter.HeaderSize..];
    }
}
