// SPDX-License-Identifier: MPL-2.0

// Go peer: the least that a provider with our dbaas_cluster costs when it is written in Go, on
// terraform-plugin-framework. Its backend does nothing: whatever is computed is made up from the
// name. tests/bench/peer_bench.py measures it beside ours; nobody else runs it.
package main

import (
	"context"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	provider_schema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type cluster struct {
	CaCert                 types.String `tfsdk:"ca_cert"`
	DbName                 types.String `tfsdk:"db_name"`
	DeletionProtection     types.Bool   `tfsdk:"deletion_protection"`
	Drift                  types.List   `tfsdk:"drift"`
	Endpoint               types.String `tfsdk:"endpoint"`
	Engine                 types.String `tfsdk:"engine"`
	EngineVersion          types.String `tfsdk:"engine_version"`
	EngineVersionActual    types.String `tfsdk:"engine_version_actual"`
	Failover               types.Object `tfsdk:"failover"`
	Host                   types.String `tfsdk:"host"`
	HostName               types.String `tfsdk:"host_name"`
	ID                     types.String `tfsdk:"id"`
	Image                  types.String `tfsdk:"image"`
	InstanceClass          types.String `tfsdk:"instance_class"`
	MaxDisruption          types.String `tfsdk:"max_disruption"`
	Members                types.List   `tfsdk:"members"`
	Name                   types.String `tfsdk:"name"`
	NodeCount              types.Int64  `tfsdk:"node_count"`
	Parameters             types.Map    `tfsdk:"parameters"`
	PasswordWo             types.String `tfsdk:"password_wo"`
	PasswordWoVersion      types.Int64  `tfsdk:"password_wo_version"`
	Port                   types.Int64  `tfsdk:"port"`
	PubliclyAccessible     types.Bool   `tfsdk:"publicly_accessible"`
	ReaderEndpoint         types.String `tfsdk:"reader_endpoint"`
	ReaderPort             types.Int64  `tfsdk:"reader_port"`
	Reconcile              types.String `tfsdk:"reconcile"`
	Resources              types.Object `tfsdk:"resources"`
	SynchronousReplication types.Bool   `tfsdk:"synchronous_replication"`
	Username               types.String `tfsdk:"username"`
	Timeouts               types.Object `tfsdk:"timeouts"`
}

func known(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, Description: description,
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
}

func text(fallback, description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Computed: true, Description: description,
		Default: stringdefault.StaticString(fallback)}
}

func fixed(fallback, description string) schema.StringAttribute {
	attribute := text(fallback, description)
	attribute.PlanModifiers = []planmodifier.String{stringplanmodifier.RequiresReplace()}
	return attribute
}

func flag(fallback bool, description string) schema.BoolAttribute {
	return schema.BoolAttribute{Optional: true, Computed: true, Description: description,
		Default: booldefault.StaticBool(fallback)}
}

func port(description string) schema.Int64Attribute {
	return schema.Int64Attribute{Optional: true, Computed: true, Description: description,
		PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}}
}

func names(description string) schema.ListAttribute {
	return schema.ListAttribute{Computed: true, ElementType: types.StringType, Description: description,
		PlanModifiers: []planmodifier.List{listplanmodifier.UseStateForUnknown()}}
}

func clusterSchema() schema.Schema {
	optional := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Description: description}
	}
	return schema.Schema{
		Description: "A cluster of database members behind one address for writes and one for reads.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{Required: true, Description: "Name of the cluster.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}},
			"host_name":               fixed("local", "Host that it lives on."),
			"engine":                  fixed("postgresql", "Database engine."),
			"engine_version":          text("17", "Major version."),
			"db_name":                 fixed("app", "First database."),
			"username":                fixed("admin", "Its owner."),
			"instance_class":          text("db.small", "Size of its members."),
			"max_disruption":          text("failover", "The worst that a change may cost."),
			"reconcile":               text("off", "Whether drift is repaired."),
			"deletion_protection":     flag(true, "Whether it refuses to be destroyed."),
			"publicly_accessible":     flag(false, "Whether its ports are open to other machines."),
			"synchronous_replication": flag(false, "Whether commits wait for a standby."),
			"node_count": schema.Int64Attribute{Optional: true, Computed: true, Description: "Number of members.",
				Default: int64default.StaticInt64(1)},
			"port":        port("Port for writes."),
			"reader_port": port("Port for reads."),
			"image":       optional("Another image."),
			"parameters": schema.MapAttribute{Optional: true, ElementType: types.StringType,
				Description: "Parameters of the database."},
			"password_wo": schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true,
				Description: "Password, never stored."},
			"password_wo_version": schema.Int64Attribute{Optional: true, Description: "A change of it sets the password."},
			"failover": schema.SingleNestedAttribute{Optional: true, Description: "What happens when a primary dies.",
				Attributes: map[string]schema.Attribute{
					"watch": schema.BoolAttribute{Required: true, Description: "Whether somebody watches."}}},
			"resources": schema.SingleNestedAttribute{Optional: true, Description: "Size of a member.",
				Attributes: map[string]schema.Attribute{
					"cpu":    schema.NumberAttribute{Required: true, Description: "Cores."},
					"memory": schema.StringAttribute{Required: true, Description: "Memory."}}},
			"id":                    known("Where it is and what it is called."),
			"host":                  known("Address of its host."),
			"endpoint":              known("Address for writes."),
			"reader_endpoint":       known("Address for reads."),
			"ca_cert":               known("Authority of its certificates."),
			"engine_version_actual": known("Version that runs."),
			"members":               names("Its members."),
			"drift":                 names("What differs from what was asked for."),
		},
		Blocks: map[string]schema.Block{
			"timeouts": schema.SingleNestedBlock{Description: "How long an apply may take.",
				Attributes: map[string]schema.Attribute{
					"create": optional("For creating it."), "update": optional("For changing it."),
					"delete": optional("For destroying it.")}},
		},
	}
}

type clusterResource struct{}

func (*clusterResource) Metadata(_ context.Context, request resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = request.ProviderTypeName + "_cluster"
}

func (*clusterResource) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = clusterSchema()
}

// fill makes up what is not known.
func (one *cluster) fill() {
	name := one.Name.ValueString()
	one.ID = types.StringValue("local/" + name)
	one.Host = types.StringValue("127.0.0.1")
	one.Endpoint = types.StringValue("127.0.0.1:15432")
	one.ReaderEndpoint = types.StringValue("127.0.0.1:15433")
	one.CaCert = types.StringValue("certificate of " + name)
	one.EngineVersionActual = types.StringValue("17.6")
	if one.Port.IsUnknown() {
		one.Port = types.Int64Value(15432)
	}
	if one.ReaderPort.IsUnknown() {
		one.ReaderPort = types.Int64Value(15433)
	}
	one.Members, _ = types.ListValueFrom(context.Background(), types.StringType, []string{name + "-1"})
	one.Drift, _ = types.ListValueFrom(context.Background(), types.StringType, []string{})
}

func (*clusterResource) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var one cluster
	response.Diagnostics.Append(request.Plan.Get(ctx, &one)...)
	one.fill()
	response.Diagnostics.Append(response.State.Set(ctx, &one)...)
}

func (*clusterResource) Read(ctx context.Context, request resource.ReadRequest, response *resource.ReadResponse) {
	var one cluster
	response.Diagnostics.Append(request.State.Get(ctx, &one)...)
	response.Diagnostics.Append(response.State.Set(ctx, &one)...)
}

func (*clusterResource) Update(ctx context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	var one cluster
	response.Diagnostics.Append(request.Plan.Get(ctx, &one)...)
	one.fill()
	response.Diagnostics.Append(response.State.Set(ctx, &one)...)
}

func (*clusterResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func (*clusterResource) ImportState(ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse) {
	resource.ImportStatePassthroughID(ctx, path.Root("id"), request, response)
}

type peer struct{}

func (*peer) Metadata(_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse) {
	response.TypeName = "dbaas"
}

func (*peer) Schema(_ context.Context, _ provider.SchemaRequest, response *provider.SchemaResponse) {
	response.Schema = provider_schema.Schema{}
}

func (*peer) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (*peer) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (*peer) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &clusterResource{} }}
}

func main() {
	options := providerserver.ServeOpts{Address: "registry.terraform.io/dbaas/dbaas", ProtocolVersion: 6}
	if err := providerserver.Serve(context.Background(), func() provider.Provider { return &peer{} }, options); err != nil {
		log.Fatal(err)
	}
}
