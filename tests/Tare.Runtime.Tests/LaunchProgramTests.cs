using System.Buffers.Binary;
using System.Text;
using Tare.Linux;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Tests;

/// <summary>The binary form of a program, and what the launcher makes of programs that are wrong.</summary>
public sealed class LaunchProgramTests
{
    [Fact]
    public void The_head_and_the_sizes_are_as_the_launcher_reads_them()
    {
        var builder = new LaunchProgramBuilder();
        var slot = builder.NewSlot();
        builder.Call(SyscallNumbers.getpid).Into(slot);
        builder.TextArray(["a", "b"]);
        var image = builder.Build().Image;
        Assert.Equal("TARL", Encoding.ASCII.GetString(image, 0, 4));
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(6)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(8)));
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(12)));
        Assert.Equal(32u + 64 + 2 * 8, BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(16)));
        Assert.Equal(image.Length, 32 + 64 + 16 + (int)BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(20)));
    }

    [Fact]
    public void Equal_strings_are_kept_once()
    {
        var builder = new LaunchProgramBuilder();
        Assert.Equal(builder.Text("/proc"), builder.Text("/proc"));
        Assert.NotEqual(builder.Text("/proc"), builder.Text("/sys"));
    }

    [Fact]
    public void A_label_that_is_never_bound_is_a_mistake_of_the_compiler()
    {
        var builder = new LaunchProgramBuilder();
        builder.Jump(new Label());
        Assert.Throws<InvalidOperationException>(builder.Build);
    }

    [Fact]
    public void Programs_run()
    {
        var builder = new LaunchProgramBuilder();
        var (slot, wrong, right, equal) = (builder.NewSlot(), new Label(), new Label(), new Label());
        builder.Purpose = new Purpose(Stage.Mount, "a thing");
        builder.Call(SyscallNumbers.close, 4711).On(Errno.EBADF, right);
        builder.Jump(wrong);
        builder.Mark(right);
        builder.Call(SyscallNumbers.umask, 0x55).Into(slot);
        builder.Call(SyscallNumbers.umask, 0).Into(slot);
        builder.BranchIfEqual(slot, 0x55, equal);
        builder.Call(SyscallNumbers.exit_group, 4);
        builder.Mark(equal);
        builder.Call(SyscallNumbers.exit_group, 3);
        builder.Mark(wrong);
        builder.Call(SyscallNumbers.exit_group, 5);
        Assert.Equal(3, RawLaunch.Run(builder.Build().Image).ExitCode);
    }

    [Fact]
    public void A_failing_step_is_reported_with_its_index_and_error()
    {
        var builder = new LaunchProgramBuilder();
        builder.Call(SyscallNumbers.getpid);
        builder.Call(SyscallNumbers.close, 4711);
        var result = RawLaunch.Run(builder.Build().Image);
        Assert.Equal((127, 2u, 1u, (long)Errno.EBADF), (result.ExitCode, result.Kind, result.Step, result.Value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(31)]
    [InlineData(40)]
    public void A_truncated_program_is_refused(int length)
    {
        var builder = new LaunchProgramBuilder();
        builder.Call(SyscallNumbers.getpid);
        builder.Text("data");
        Assert.Equal(2u, RawLaunch.Run(builder.Build().Image[..length]).Kind);
    }

    [Theory]
    [InlineData(0, 0xff)]
    [InlineData(4, 0x7f)]
    [InlineData(8, 0xff)]
    [InlineData(12, 0xff)]
    [InlineData(18, 0xff)]
    [InlineData(22, 0xff)]
    public void A_damaged_head_is_refused(int at, byte value)
    {
        var builder = new LaunchProgramBuilder();
        builder.Call(SyscallNumbers.getpid);
        var image = builder.Build().Image;
        image[at] = value;
        Assert.Equal(2u, RawLaunch.Run(image).Kind);
    }

    [Theory]
    [InlineData("sh", "PATH=/usr/bin:/bin", "/usr/bin/sh /bin/sh")]
    [InlineData("sh", "PATH=/bin/::x", "/bin/sh ./sh x/sh")]
    [InlineData("/bin/sh", "PATH=/usr/bin", "/bin/sh")]
    [InlineData("./sh", "PATH=/usr/bin", "./sh")]
    [InlineData("sh", "HOME=/", "")]
    [InlineData("sh", "PATH=", "")]
    public void A_name_is_sought_as_execvp_seeks_it(string name, string variable, string expected) =>
        Assert.Equal(expected, string.Join(' ', ProcessSteps.Candidates(name, [variable])));

    [Theory]
    [InlineData("/etc/passwd/x", Errno.ENOTDIR)]
    [InlineData("/nonexistent/x", Errno.ENOENT)]
    [InlineData("/etc/passwd", Errno.EACCES)]
    [InlineData("/etc", Errno.EACCES)]
    public void A_path_fails_with_its_own_error(string path, int error)
    {
        Assert.Equal(error, Execution([path], searched: false, isLook: false));
        Assert.Equal(error, Execution([path], searched: false, isLook: true));
    }

    [Theory]
    [InlineData("/etc/passwd/x /nonexistent/x", Errno.ENOENT)]
    [InlineData("/etc/passwd/x", Errno.ENOENT)]
    [InlineData("/etc /nonexistent/x", Errno.EACCES)]
    [InlineData("/etc/passwd/x /bin/true", 0)]
    [InlineData("", Errno.ENOENT)]
    public void A_search_goes_on_past_what_is_not_there(string candidates, int error)
    {
        var paths = candidates.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(error, Execution(paths, searched: true, isLook: false));
        Assert.Equal(error, Execution(paths, searched: true, isLook: true));
    }

    /// <summary>The errno of the search's failure; 0: something was executed, or found.</summary>
    private static int Execution(string[] paths, bool searched, bool isLook)
    {
        var builder = new LaunchProgramBuilder();
        var table = builder.PathTable(paths, searched);
        builder.Call(SyscallNumbers.fcntl, 4, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
        if (isLook) builder.Look(table);
        else builder.Execute(table, builder.TextArray(["true"]), builder.TextArray([]));
        var result = RawLaunch.Run(builder.Build().Image);
        return result.Kind == 2u ? (int)result.Value : 0;
    }
}
