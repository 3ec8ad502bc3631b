namespace Tare.Distribution;

/// <summary>What is to be done with a repository: it decides which rights are asked for, and whether mirrors are.</summary>
public enum RepositoryAccess
{
    /// <summary>Reading. Mirrors are asked first.</summary>
    Pull = 0,

    /// <summary>Reading and writing, at the registry itself.</summary>
    PullAndPush,
}
