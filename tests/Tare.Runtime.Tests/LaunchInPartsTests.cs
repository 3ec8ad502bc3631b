using System.Text;
using Tare.Linux;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Tests;

/// <summary>A process that is born while the rest of its program is compiled.</summary>
public sealed class LaunchInPartsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(SeqPacketSocket.MaxDescriptors - 1)]
    [InlineData(SeqPacketSocket.MaxDescriptors)]
    [InlineData(2 * SeqPacketSocket.MaxDescriptors + 7)]
    public void Descriptors_of_the_rest_have_the_numbers_that_the_program_knows(int before)
    {
        using var descriptors = new DescriptorList();
        var birth = LaunchCompiler.CompileBirth(new BirthInputs { New = NamespaceKinds.None }, descriptors);
        using var session = LaunchSession.Start(birth.SoFar, descriptors, static listener => listener.Dispose());
        for (var i = 0; i < before; i++) descriptors.Add(RegularFiles.OpenNull());
        using var told = Descriptors.Memory("told");
        var number = descriptors.Add(told.Duplicate());
        birth.Builder.Call(SyscallNumbers.write, number, birth.Builder.Text("the rest"), 8);
        birth.Builder.Call(SyscallNumbers.exit_group, 7);

        Assert.Equal(LaunchRecordKind.Started, session.Next()!.Value.Kind);
        var reached = session.Next()!.Value;
        Assert.Equal((LaunchRecordKind.Reached, (long)SyncPoint.Rest), (reached.Kind, reached.Value));
        session.SendRest(birth.Builder.Build());
        Assert.Null(session.Next());
        Assert.Equal(7, Waiting.WaitFor(session.Pid).ExitCode);
        Assert.Equal("the rest", Encoding.UTF8.GetString(FileContent.ReadToEnd(Paths.Open(told.ProcPath, OpenFlags.ReadOnly), 100)));
    }

    [Fact]
    public void A_launch_that_is_given_up_leaves_no_process()
    {
        using var descriptors = new DescriptorList();
        var birth = LaunchCompiler.CompileBirth(new BirthInputs { New = NamespaceKinds.Uts }, descriptors);
        using var session = LaunchSession.Start(birth.SoFar, descriptors, static listener => listener.Dispose());
        session.Abort();
        Assert.NotEqual(0, session.Pid);
        Assert.Null(PidFds.TryOpen(session.Pid, out var error));
        Assert.Equal(Errno.ESRCH, error);
    }

    [Fact]
    public void A_failure_of_the_rest_is_told_with_the_step_of_the_whole()
    {
        using var descriptors = new DescriptorList();
        var birth = LaunchCompiler.CompileBirth(new BirthInputs { New = NamespaceKinds.None }, descriptors);
        using var session = LaunchSession.Start(birth.SoFar, descriptors, static listener => listener.Dispose());
        birth.Builder.Purpose = new Purpose(Stage.Mount, "a thing");
        birth.Builder.Call(SyscallNumbers.close, 4711);
        var program = birth.Builder.Build();
        _ = session.Next();
        _ = session.Next();
        session.SendRest(program);
        var failed = session.Next()!.Value;
        Assert.Equal((LaunchRecordKind.Failed, (long)Errno.EBADF), (failed.Kind, failed.Value));
        Assert.Equal("mount a thing", program.Describe(failed.Step));
        Assert.Null(session.Next());
        Waiting.WaitFor(session.Pid);
    }
}
