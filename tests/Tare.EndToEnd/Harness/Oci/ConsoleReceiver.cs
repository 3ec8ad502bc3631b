using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>Listens on a console socket, as conmon and containerd's shim do, and is then the person before the terminal that it gets.</summary>
internal sealed class ConsoleReceiver : IDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StringBuilder screen = new();
    private FileStream? stream;
    private Task pump = Task.CompletedTask;
    private volatile bool leaving;

    public ConsoleReceiver(string path)
    {
        Path = path;
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
    }

    public string Path { get; }

    public string Screen
    {
        get
        {
            lock (screen)
                return screen.ToString();
        }
    }

    /// <summary>Takes the terminal; returns the bytes that come with it.</summary>
    public async Task<string> AcceptAsync()
    {
        using CancellationTokenSource timeout = new(Eventually.Limit);
        using Socket connection = await listener.AcceptAsync(timeout.Token);
        (int descriptor, string bytes) = Receive((int)connection.Handle);
        stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.ReadWrite, bufferSize: 0);
        pump = Task.Run(() => Pump(descriptor));
        return bytes;
    }

    public void Type(string text) => stream!.Write(Encoding.UTF8.GetBytes(text));

    public Task SeeAsync(string text) =>
        Eventually.TrueAsync(() => Screen.Contains(text, StringComparison.Ordinal), () => $"the screen never showed '{text}'; it shows:\n{Screen}");

    public void Dispose()
    {
        leaving = true;
        pump.Wait();
        stream?.Dispose();
        listener.Dispose();
    }

    private void Pump(int descriptor)
    {
        const int PatienceInMilliseconds = 20;
        byte[] buffer = new byte[65536];
        try
        {
            while (!leaving)
            {
                // A read that waits would keep the terminal open beyond the end of this.
                int[] entry = [descriptor, 1 /* POLLIN */];
                if (poll(entry, 1, PatienceInMilliseconds) <= 0)
                    continue;
                int count = stream!.Read(buffer);
                if (count <= 0)
                    return;
                lock (screen)
                    screen.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // EIO: every process has closed its end; or the person has left.
        }
    }

    /// <summary>recvmsg(2) with one descriptor, as laid out by the kernel on machines of 64 bits.</summary>
    private static (int Descriptor, string Bytes) Receive(int socket)
    {
        const int DataSize = 4096, ControlSize = 64, CloseOnExec = 0x40000000 /* MSG_CMSG_CLOEXEC */;
        nint memory = Marshal.AllocHGlobal(DataSize + ControlSize + 128);
        try
        {
            (nint control, nint vector, nint message) = (memory + DataSize, memory + DataSize + ControlSize, memory + DataSize + ControlSize + 32);
            // struct iovec, and struct msghdr: name, its length, vector, its length, control, its length, flags.
            Marshal.WriteIntPtr(vector, memory);
            Marshal.WriteIntPtr(vector, 8, DataSize);
            nint[] header = [0, 0, vector, 1, control, ControlSize, 0];
            Marshal.Copy(header, 0, message, header.Length);
            nint count = recvmsg(socket, message, CloseOnExec);
            Assert.True(count > 0, "nothing came over the console socket");
            // struct cmsghdr: a length of 8 bytes, level SOL_SOCKET (1), type SCM_RIGHTS (1), the descriptor.
            Assert.Equal((1, 1), (Marshal.ReadInt32(control, 8), Marshal.ReadInt32(control, 12)));
            return (Marshal.ReadInt32(control, 16), Marshal.PtrToStringUTF8(memory, (int)count));
        }
        finally
        {
            Marshal.FreeHGlobal(memory);
        }
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int poll(int[] entries, nuint count, int milliseconds);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint recvmsg(int socket, nint message, int flags);
}
